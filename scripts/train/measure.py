"""Reads a picture back: background colour, foreground colour (nearest in the palette) and shape (best overlap with
templates of the ten shapes, after moving and scaling to the same box). A quick guide for training; the acceptance
measure is taken through the server."""
import numpy as np
from PIL import Image

from world import PALETTE, SHAPES, shape_mask

NAMES, RGB = list(PALETTE), np.array(list(PALETTE.values()), float)
SIDE = 48


def nearest(colour):
    return NAMES[int(((RGB - colour) ** 2).sum(1).argmin())]


def box(mask):
    ys, xs = np.where(mask)
    if len(ys) < 12:
        return None
    m = mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    aspect = m.shape[1] / m.shape[0]
    return np.asarray(Image.fromarray((m * 255).astype(np.uint8)).resize((SIDE, SIDE), Image.BILINEAR), float) / 255, aspect


def _templates():
    out = {}
    for s in SHAPES:
        m, _ = shape_mask(s, 200, 200, 100, 100, 70, 0.0)
        out[s] = box(np.asarray(m) > 127)
    return out


TEMPLATES = _templates()


def judge(im):
    a = np.asarray(im, float)
    h, w = a.shape[:2]
    e = max(2, min(h, w) // 24)
    rim = np.concatenate([a[:e].reshape(-1, 3), a[-e:].reshape(-1, 3), a[:, :e].reshape(-1, 3), a[:, -e:].reshape(-1, 3)])
    bg = np.median(rim, 0)
    mask = np.sqrt(((a - bg) ** 2).sum(2)) > 55
    if mask.sum() < 30:
        return {"background": nearest(bg), "foreground": None, "shape": None}
    fg = np.median(a[mask], 0)
    # speckles: keep what survives a 3x3 majority
    m = np.asarray(Image.fromarray((mask * 255).astype(np.uint8)).resize((w // 2, h // 2), Image.BOX), float) > 140
    b = box(m)
    if b is None:
        return {"background": nearest(bg), "foreground": nearest(fg), "shape": None}
    best = max(SHAPES, key=lambda s: 1 - np.abs(TEMPLATES[s][0] - b[0]).mean() - 0.25 * abs(np.log(TEMPLATES[s][1] / b[1])))
    return {"background": nearest(bg), "foreground": nearest(fg), "shape": best}


if __name__ == "__main__":  # checks itself on drawn scenes
    import world

    rng = np.random.default_rng(8)
    n, ok = 0, np.zeros(3)
    while n < 200:
        s = world.sample(rng)
        if s["bg"] != "plain" or s["finish"] != "none" or s["relation"] or s["count"] > 1:
            continue
        g, o = judge(world.render(s, 128, 128)), s["objects"][0]
        ok += [g["background"] == s["colours"][0], g["foreground"] == o["colour"], g["shape"] == o["shape"]]
        n += 1
    print(ok / n)
