"""Writes what five prompts become as conditioning on the tiny checkpoint: test/golden/text/conditioning.json (the cases)
and conditioning.safetensors (every fourth channel of the context, to keep it small, and the whole pooled vector).

    python3 scripts/golden/conditioning.py

Needs what networks.py and tokenizer.py need. The weights of the words are written by hand, so that our reading of
the brackets is compared with a person's and not with another program's.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import networks
import tiny
import tokenizer

TARGET = Path(__file__).resolve().parents[2] / "test" / "golden" / "text"
START, END = 49406, 49407
PADDING = {"l": END, "g": 0}

LONG = "a crowded harbour at dawn with " + "red boats, blue nets, old ropes and " * 12 + "gulls"
CASES = {
    "plain": {"texts": [[("A red circle above a blue square", 1.0)]], "topK": 1},
    "emphasis": {
        "texts": [[("a", 1.0), ("cat", 1.3), ("on", 1.0), ("red", 1.1 * 1.1), ("mat", 1.0)]],
        "written": ["a (cat:1.3) on ((red)) mat"],
        "topK": 1,
    },
    "two-sections": {"texts": [[(LONG, 1.0)]], "topK": 1},
    "several-texts": {
        "texts": [[("a lighthouse", 1.0)], [("storm", 1.0), ("light", 0.7)], [("oil on canvas", 1.0)]],
        "written": ["a lighthouse", "storm (light:0.7)", "oil on canvas"],
        "topK": 2,
    },
    "weighted-sections": {
        "texts": [[(LONG, 1.0), ("under heavy rain", 1.4)]],
        "written": [LONG + " (under heavy rain:1.4)"],
        "topK": 1,
    },
}
SKIPS = {"plain": (1, 2, 3)}


def sections(spans, encode):
    """Lists of (token, weight), at most 75 each: short words stay whole, those of eight tokens and more are cut."""
    done, current = [], []
    for text, weight in spans:
        for word in text.split():
            group = [(token, weight) for token in encode(word)]
            while len(current) + len(group) > 75:
                cut = 75 - len(current) if len(group) >= 8 else 0
                done.append(current + group[:cut])
                current, group = [], group[cut:]
            current = current + group
    return [*done, current]


def framed(section, padding):
    ids = [START, *(token for token, _ in section), END]
    return torch.tensor([[*ids, *[padding] * (77 - len(ids))]])


def text_conditioning(spans, encode, models, skip):
    parts = sections(spans, encode)
    weighted = any(weight != 1 for part in parts for _, weight in part)
    rows, pooled = [], None
    for part in parts:
        channels = []
        for name, model in models.items():
            out = model(framed(part, PADDING[name]), output_hidden_states=True)
            z = out.hidden_states[-skip].double()
            if weighted:
                empty = model(framed([], PADDING[name]), output_hidden_states=True).hidden_states[-skip].double()
                mean = z.mean()
                scale = torch.tensor([1.0, *(w for _, w in part), *[1.0] * (76 - len(part))], dtype=torch.float64)
                z = (z - empty) * scale[None, :, None] + empty
                z = z * mean / z.mean()
            channels.append(z.float())
            if name == "g" and pooled is None:
                pooled = out.text_embeds
        rows.append(torch.cat(channels, 2))
    return torch.cat(rows, 1), pooled


@torch.no_grad()
def main():
    weights = {k: v.float() for k, v in tiny.checkpoint().items()}
    models = {"l": networks.text_l_of(weights), "g": networks.text_g_of(weights)}
    encode = tokenizer.clip()
    listed, tensors = [], {}
    for name, case in CASES.items():
        written = case.get("written") or [" ".join(text for text, _ in spans) for spans in case["texts"]]
        for skip in SKIPS.get(name, (2,)):
            parts = [text_conditioning(spans, encode, models, skip) for spans in case["texts"]]
            key = f"{name}-{skip}"
            tensors[f"{key}.context"] = torch.cat([context for context, _ in parts], 1)[:, :, ::4].contiguous()
            tensors[f"{key}.pooled"] = sum(pooled for _, pooled in parts[: case["topK"]])
            listed.append({"name": key, "texts": written, "topK": case["topK"], "clipSkip": skip})
    TARGET.mkdir(exist_ok=True)
    (TARGET / "conditioning.json").write_text(json.dumps(listed, indent=1) + "\n")
    save_file(tensors, TARGET / "conditioning.safetensors")
    for key, value in tensors.items():
        print(key, list(value.shape), round(value.std().item(), 4))


if __name__ == "__main__":
    main()
