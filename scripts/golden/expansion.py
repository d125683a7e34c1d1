"""Writes the fixtures of prompt expansion: a tiny GPT-2 as torch.save writes it (test/golden/expansion/pytorch_model.bin.zst)
with a merge list and a list of words of its own, and what transformers writes with it for a few prompts and seeds
(test/golden/expansion/cases.json). Answers of the network itself are written by networks.py.

    python3 scripts/golden/expansion.py

Needs torch, transformers and the zstd program. The words are ours.
"""

import io
import json
import subprocess
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LogitsProcessor, LogitsProcessorList

import tiny

TARGET = Path(__file__).resolve().parents[2] / "test" / "golden" / "expansion"
WIDTH, LAYERS, PLACES = 128, 2, 160
WORDS = (
    "amber ancient bright calm cinematic clear coastal cold cosy crisp curved dark dawn deep delicate distant dramatic "
    "dusty elegant epic fine floral foggy fresh gentle glowing golden grand green grey harmonious hazy heroic hidden "
    "icy indigo intricate inviting ivory joyful late light lively lovely lush marble misty modern mossy muted mystic "
    "natural neat noble northern ornate pale peaceful pastel perfect placid plain pure quiet radiant rainy rare red "
    "refined regal rich rosy rough round royal rustic sacred scenic serene shady sharp shiny silent silver simple sleek "
    "smooth soft solemn sombre spacious stately still striking strong sublime subtle sunny surreal sweet tall tender "
    "tidy tranquil true unique urban vast velvet vibrant vintage violet vivid warm wide wild windy winter wise wonderful"
).split()
CASES = (
    ("a cat", 0),
    ("a cat", 1),
    ("a cat", 2**32 + 1),
    ("A photo of a red house , on the 2nd hill..", 12345),
    ("it's a quiet harbour at dawn, isn't it? über 猫  🐈", 2**63 - 1),
    ("vivid, vivid, silver river", 7),
)


def symbols():
    """GPT-2's characters for bytes, in the order of its vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(others)}, plain + others


def merge_list():
    """Merges that make each word, behind a blank, one token."""
    merges = []
    for word in WORDS:
        parts = ["Ġ", *word]
        while len(parts) > 1:
            pair = (parts[0], parts[1])
            if pair not in merges:
                merges.append(pair)
            parts = [parts[0] + parts[1], *parts[2:]]
    return merges


def tokenizer(merges):
    """transformers' own, on these merges."""
    from transformers import GPT2Tokenizer

    written, order = symbols()
    vocabulary = [written[byte] for byte in order] + ["".join(pair) for pair in merges] + ["<|endoftext|>"]
    ids = {symbol: n for n, symbol in enumerate(vocabulary)}
    made = GPT2Tokenizer(vocab=ids, merges=[tuple(pair) for pair in merges])
    made.clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output = True
    return made, ids


def model(vocabulary):
    config = GPT2Config(vocab_size=vocabulary, n_positions=PLACES, n_embd=WIDTH, n_layer=LAYERS, n_head=WIDTH // 64)
    net = GPT2LMHeadModel(config).eval()
    w = tiny.Writer(torch.float32)
    for name, value in net.state_dict().items():
        shape = list(value.shape)
        if name == "lm_head.weight":
            continue
        if len(shape) == 1 and ".ln_" in f".{name}" and name.endswith("weight"):
            w.put(name, shape, 0.125, 1.0)
        elif len(shape) == 1:
            w.put(name, shape, 0.125)
        else:
            w.put(name, shape, tiny.power(shape[0] if ".w" not in name.replace(".weight", "") else WIDTH))
    state = {name: value.half().float() for name, value in w.tensors.items()}
    net.load_state_dict(state, strict=False)
    net.tie_weights()
    return net


class WordList(LogitsProcessor):
    """Only words of the list, none twice; commas always."""

    def __init__(self, allowed, vocabulary, comma):
        self.bias = torch.full((1, vocabulary), -8192.0)
        self.bias[0, allowed] = 0
        self.comma = comma

    def __call__(self, input_ids, scores):
        self.bias[0, input_ids[0]] = -8192.0
        self.bias[0, self.comma] = 0
        return scores + self.bias


def clean(text):
    while "  " in text:
        text = text.replace("  ", " ")
    return text.strip(",. \r\n")


@torch.no_grad()
def main():
    TARGET.mkdir(exist_ok=True)
    merges = merge_list()
    encode, ids = tokenizer(merges)
    net = model(len(ids))
    allowed = [ids["Ġ" + word] for word in WORDS]
    (TARGET / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    (TARGET / "positive.txt").write_text("".join(f"{word.capitalize()}\n" for word in WORDS))
    buffer = io.BytesIO()
    state = {name: value.half() for name, value in net.state_dict().items() if name != "lm_head.weight"}
    for layer in range(LAYERS):
        state[f"transformer.h.{layer}.attn.bias"] = torch.ones(1, 1, PLACES, PLACES).tril().bool()
        state[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    state["lm_head.weight"] = state["transformer.wte.weight"]
    torch.save(state, buffer)
    file = TARGET / "pytorch_model.bin"
    file.write_bytes(buffer.getvalue())
    subprocess.run(["zstd", "-19", "-q", "-f", "--rm", str(file), "-o", f"{file}.zst"], check=True)
    cases = []
    for prompt, seed in CASES:
        text = clean(prompt) + ","
        tokens = encode(text, return_tensors="pt")["input_ids"]
        budget = -tokens.shape[1] % 75
        torch.manual_seed(seed % 2**32)
        made = net.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=budget,
            do_sample=True,
            top_k=100,
            eos_token_id=None,
            pad_token_id=ids["<|endoftext|>"],
            logits_processor=LogitsProcessorList([WordList(allowed, len(ids), ids[","])]),
        )
        said = clean(encode.decode(made[0], skip_special_tokens=True, clean_up_tokenization_spaces=True))
        cases.append({"prompt": prompt, "seed": str(seed), "start": tokens[0].tolist(), "ids": made[0].tolist(), "text": said})
        print(seed, tokens.shape[1], said)
    (TARGET / "cases.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
    return net, ids


if __name__ == "__main__":
    main()
