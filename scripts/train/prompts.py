"""Writes eval-prompts.json: the palette, the shapes and 100 fixed prompts with what should be seen."""
import json
from pathlib import Path

import numpy as np

from captions import article
from world import COLOURS, PALETTE, SHAPES, distance


def main():
    rng = np.random.default_rng(20)
    prompts = []
    for i in range(100):
        shape, fg = SHAPES[i % 10], COLOURS[(i * 7 + i // 20) % 20]
        while True:
            bg = COLOURS[rng.integers(20)]
            if distance(fg, bg) >= 110:
                break
        what = article(f"{fg} {shape}")
        text = f"{what} on {article(bg)} background" if i % 5 < 3 else f"{what}, {bg} background" if i % 5 == 3 else f"a plain {bg} background with {what}"
        prompts.append({"prompt": text, "background": bg, "foreground": fg, "shape": shape, "seed": 1000 + i})
    out = {"palette": {k: list(v) for k, v in PALETTE.items()}, "shapes": SHAPES, "prompts": prompts}
    Path(__file__).with_name("eval-prompts.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
