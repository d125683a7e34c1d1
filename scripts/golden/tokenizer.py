"""Writes test/golden/text/tokens.json: texts and the ids that transformers gives them, without start and end.

    python3 scripts/golden/tokenizer.py

Needs transformers 5 (its CLIPTokenizer runs on the tokenizers library; its BasicTokenizer is the cleaning that the
reference's version uses where ftfy is absent). The vocabulary is built from our merge list, so what is compared is
the algorithm; the list itself is held by the published ids in test/unit/pipeline/text.test.ts.
"""

import json
import random
from pathlib import Path

from transformers import CLIPTokenizer
from transformers.models.bert.tokenization_bert_legacy import BasicTokenizer

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "src/assets/tokenizer/clip-merges.txt").read_text(encoding="utf8").rstrip("\n").split("\n")
MERGES = [tuple(line.split(" ")) for line in LINES]

TEXTS = [
    "", " ", "a photo of a cat", "A red circle above a blue square", "it's 2024, isn't it?",
    "masterpiece, best quality, 1girl", "\u00dcn\u00efc\u00f6d\u00e9 \u732b", "!!!", "a!b", "(hello)",
    "don't they'll we've I'm you're she'd", "DON'T THEY'LL WE'VE I'M", "'tis 'sup rock'n'roll o'clock's",
    "3.14159 1,000,000 \u00bd \u00b2 \u2167 \u0663\u0664", "x" * 200, "antidisestablishmentarianism" * 3,
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0", "\u4e2d\u6587abc\u6df7\u5408", "\ud55c\uad6d\uc5b4", "\U00020000\u3400\uf900",
    "\u03a3\u0391\u03a3 \u0130stanbul I\u0307 stra\u00dfe \u1e9e", "e\u0301 \u00e9 n\u0303 A\u030a \u212b",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f", "\U0001f44d\U0001f3fd!",
    "a\tb\nc\rd", "nul\x00bell\x07esc\x1b[0m del\x7f", "zero\u200bwidth\u200djoin\ufeff soft\u00adhyphen",
    "nb\u00a0sp en\u2002sp ideo\u3000sp line\u2028sep", "&amp; &lt;b&gt; &quot;q&quot; &#39;", "<b>bold</b> </w> <|x|>",
    "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440", "caf\u00e9-au-lait\u2014now\u2026", "\u201cquoted\u201d \u2018single\u2019 isn\u2019t",
    "C++ C# .net e-mail@example.com http://a.b/c?d=e&f=g#h", "snake_case camelCase kebab-case", "____ ---- .... ,,,,",
    "\ufffd replacement", "\U0001d400\U0001d401 math", "\uff21\uff22\uff43 \uff11", "\ufb01ne \ufb02y", "a\u0308\u0323",
    "\U000e0001tag private \ue000", "8k uhd, f/1.8, 35mm, ISO100, (best:1.2)", "1girl2cats3", "y\u0332o", "\u1100\u1161",
]


def symbols():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def clip():
    """Text to token ids, without start and end."""
    entries = [*symbols(), *(s + "</w>" for s in symbols()), *(a + b for a, b in MERGES)]
    entries += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {entry: i for i, entry in enumerate(entries)}
    assert len(vocabulary) == 49408
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=MERGES)
    cleaning = BasicTokenizer(strip_accents=False, do_split_on_punc=False)
    return lambda text: tokenizer(" ".join(cleaning.tokenize(text)), add_special_tokens=False)["input_ids"]


def main():
    encode = clip()
    draw = random.Random(7)
    pools = [(32, 127), (160, 592), (880, 1280), (0x2000, 0x2070), (0x4E00, 0x4E80), (0x1F600, 0x1F640), (0, 32)]
    drawn = [
        "".join(chr(draw.randrange(*draw.choice(pools))) for _ in range(draw.randrange(1, 24))) for _ in range(150)
    ]
    rows = []
    for text in [*TEXTS, *drawn]:
        rows.append(json.dumps({"text": text, "ids": encode(text)}))
    target = ROOT / "test/golden/text/tokens.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text("[\n" + ",\n".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()
