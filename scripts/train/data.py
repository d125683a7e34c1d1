"""Renders scenes once and keeps them: STATE_DIR/scenes-WxH-CHUNK.{npy,json} (uint8 pictures, scene dicts with sizes).

    python3 data.py STATE_DIR --width 128 --height 128 --count 10000 --seed 100
"""
import argparse
import json
from multiprocessing import Pool
from pathlib import Path

import numpy as np

import world

CHUNK = 1000


def one(job):
    """A scene as seen through SDXL's size conditioning: usually whole, sometimes a crop of a larger drawing."""
    seed, w, h, kind = job
    rng = np.random.default_rng(seed)
    s = getattr(world, kind)(rng)
    top = left = 0
    if rng.random() < 0.06:
        big = 1 + rng.uniform(0.1, 0.3)
        im = world.render(s, int(w * big), int(h * big))
        top, left = int(rng.integers(0, im.height - h + 1)), int(rng.integers(0, im.width - w + 1))
        im = im.crop((left, top, left + w, top + h))
    else:
        im = world.render(s, w, h)
    s["crop"] = [top, left]
    return np.asarray(im), s


def main():
    p = argparse.ArgumentParser()
    p.add_argument("state", type=Path)
    p.add_argument("--width", type=int, default=128)
    p.add_argument("--height", type=int, default=128)
    p.add_argument("--count", type=int, default=10000)
    p.add_argument("--seed", type=int, default=100)
    p.add_argument("--kind", choices=["sample", "placed"], default="sample")
    a = p.parse_args()
    a.state.mkdir(parents=True, exist_ok=True)
    with Pool(2) as pool:
        for c in range(0, a.count, CHUNK):
            n = min(CHUNK, a.count - c)
            got = pool.map(one, [(a.seed * 1_000_003 + c + i, a.width, a.height, a.kind) for i in range(n)], chunksize=25)
            name = a.state / f"scenes-{a.width}x{a.height}-{a.seed}-{c // CHUNK:03d}"
            np.save(str(name) + ".npy", np.stack([g[0] for g in got]))
            name.with_suffix(".json").write_text(json.dumps([g[1] for g in got]))


if __name__ == "__main__":
    main()
