"""Fits how a latent looks: red, green and blue of one unit of each latent channel, and of none, for the previews of the
server (`latent_colours` in the checkpoint's JSON file). Least squares over encoded scenes against the scenes' pixels.

    python3 preview.py STATE_DIR
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch


def main(state):
    rows, colours = [], []
    for f in sorted(state.glob("latents-128x128-*.pt"))[:2]:
        z = torch.load(f).float().numpy()[:300]
        im = np.load(str(f).replace("latents", "scenes").replace(".pt", ".npy"))[:300].astype(np.float32) / 127.5 - 1
        n, _, h, w = z.shape
        im = im.reshape(n, h, 8, w, 8, 3).mean((2, 4))
        rows.append(z.transpose(0, 2, 3, 1).reshape(-1, 4))
        colours.append(im.reshape(-1, 3))
    a = np.concatenate(rows)
    a, b = np.concatenate([a, np.ones((len(a), 1))], 1), np.concatenate(colours)
    fit, *_ = np.linalg.lstsq(a, b, rcond=None)
    print(json.dumps([[round(float(v), 4) for v in row] for row in fit]), "error", float(np.sqrt(((a @ fit - b) ** 2).mean())))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
