"""The little world the demo model draws: what is in a scene (`sample`), how it looks (`render`) and how it is
said (`captions.py`). A scene is a plain JSON-able dict, so that images can be rendered once and described anew
in every epoch.
"""
import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

PALETTE = {
    "red": (220, 30, 35), "orange": (245, 135, 20), "yellow": (250, 220, 40), "lime": (160, 225, 50),
    "green": (35, 155, 60), "teal": (0, 125, 130), "cyan": (50, 210, 230), "blue": (40, 80, 220),
    "navy": (20, 28, 90), "purple": (120, 45, 170), "magenta": (215, 40, 170), "pink": (250, 160, 190),
    "lavender": (190, 165, 235), "brown": (120, 70, 35), "olive": (125, 125, 30), "maroon": (110, 12, 35),
    "beige": (235, 213, 172), "black": (15, 15, 18), "white": (250, 250, 250), "gray": (128, 128, 130),
}
COLOURS = list(PALETTE)
SHAPES = ["circle", "square", "triangle", "star", "heart", "ring", "cross", "diamond", "moon", "flower"]
BACKGROUNDS = ["plain", "gradient", "stripes", "checkerboard", "night sky", "paper"]
FINISHES = ["none", "outline", "glowing", "watercolor", "pixel art", "soft shadow"]
POSITIONS = {
    "center": (0.5, 0.5), "left": (0.27, 0.5), "right": (0.73, 0.5), "top": (0.5, 0.27), "bottom": (0.5, 0.73),
    "top left": (0.27, 0.27), "top right": (0.73, 0.27), "bottom left": (0.27, 0.73), "bottom right": (0.73, 0.73),
}
SIZES = {"small": (0.15, 0.20), "medium": (0.26, 0.33), "large": (0.36, 0.42)}
RELATIONS = ["above", "below", "left of", "right of"]


def distance(a, b):
    return math.dist(PALETTE[a], PALETTE[b])


def pick(rng, weighted):
    names, weights = zip(*weighted.items())
    return names[rng.choice(len(names), p=np.array(weights) / sum(weights))]


def other_colour(rng, taken, apart=100):
    while True:
        c = COLOURS[rng.integers(len(COLOURS))]
        if all(distance(c, t) >= apart for t in taken):
            return c


def sample(rng: np.random.Generator) -> dict:
    """Draws a scene. Two of three are what the acceptance measures ask for: one shape on a plain background."""
    kind = pick(rng, {"simple": 66, "background": 12, "finish": 10, "many": 6, "pair": 6})
    bg_kind = "plain"
    if kind == "background" or (kind != "simple" and rng.random() < 0.15):
        bg_kind = BACKGROUNDS[rng.integers(1, len(BACKGROUNDS))]
    bg = [COLOURS[rng.integers(len(COLOURS))]]
    if bg_kind in ("gradient", "stripes", "checkerboard"):
        bg.append(other_colour(rng, bg, 60))
    if bg_kind == "night sky":
        bg = ["navy"]
    if bg_kind == "paper":
        bg = ["beige"]
    new = lambda: {"shape": SHAPES[rng.integers(len(SHAPES))], "colour": other_colour(rng, bg)}
    s = {"bg": bg_kind, "colours": bg, "finish": "none", "relation": None, "count": 1, "seed": int(rng.integers(2**31))}
    if kind == "finish":
        s["finish"] = FINISHES[rng.integers(1, len(FINISHES))]
    if kind == "pair":
        a, b = new(), new()
        while b["shape"] == a["shape"] and b["colour"] == a["colour"]:
            b = new()
        s["relation"], s["objects"] = RELATIONS[rng.integers(4)], [a, b]
        return s
    o = new()
    if kind == "many":
        s["count"] = int(rng.integers(2, 4))
        s["objects"] = [o]
        return s
    o["size"] = pick(rng, {"small": 10, "medium": 50, "large": 40})
    o["position"] = "center" if rng.random() < 0.8 else list(POSITIONS)[rng.integers(1, 9)]
    if o["position"] != "center" and o["size"] == "large":
        o["size"] = "medium"
    s["objects"] = [o]
    return s


def placed(rng: np.random.Generator) -> dict:
    """A scene of one shape at any place and of any size, which its caption does not tell: what control pictures are for."""
    while True:
        s = sample(rng)
        if s["relation"] is None and s["count"] == 1:
            break
    o = s["objects"][0]
    del o["position"], o["size"]
    r = rng.uniform(0.14, 0.4)
    o["at"] = [*rng.uniform(0.06 + 0.9 * r, 0.94 - 0.9 * r, 2), r]
    return s


# ------------------------------------------------------------------------------------------------------ rendering

def shape_mask(shape, w, h, cx, cy, r, angle):
    """White shape on black, `L`; all measures in pixels of this (oversized) canvas. Returns (mask, flower heart)."""
    m = Image.new("L", (w, h), 0)
    d = ImageDraw.Draw(m)
    disc = lambda x, y, q, f=255: d.ellipse((x - q, y - q, x + q, y + q), fill=f)

    def poly(points):
        c, s = math.cos(angle), math.sin(angle)
        d.polygon([(cx + r * (x * c - y * s), cy + r * (x * s + y * c)) for x, y in points], fill=255)

    core = None
    if shape == "circle":
        disc(cx, cy, r)
    elif shape == "square":
        poly([(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)])
    elif shape == "triangle":
        poly([(0, -1.0), (1.0, 0.75), (-1.0, 0.75)])
    elif shape == "star":
        poly([(k * math.sin(math.pi * i / 5), -k * math.cos(math.pi * i / 5)) for i in range(10) for k in (1.12 if i % 2 == 0 else 0.46,)])
    elif shape == "heart":
        t = np.linspace(0, 2 * math.pi, 72)
        poly(list(zip(np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16 - 0.08)))
    elif shape == "ring":
        disc(cx, cy, r)
        disc(cx, cy, r * 0.56, 0)
    elif shape == "cross":
        a = 0.34
        poly([(-a, -1), (a, -1), (a, -a), (1, -a), (1, a), (a, a), (a, 1), (-a, 1), (-a, a), (-1, a), (-1, -a), (-a, -a)])
    elif shape == "diamond":
        poly([(0, -1.1), (0.74, 0), (0, 1.1), (-0.74, 0)])
    elif shape == "moon":
        disc(cx, cy, r)
        disc(cx + 0.48 * r * math.cos(angle), cy - 0.14 * r, r * 0.82, 0)
    elif shape == "flower":
        for i in range(6):
            a = angle + i * math.pi / 3
            disc(cx + 0.62 * r * math.sin(a), cy - 0.62 * r * math.cos(a), 0.37 * r)
        disc(cx, cy, 0.5 * r)
        core = Image.new("L", (w, h), 0)
        q = 0.24 * r
        ImageDraw.Draw(core).ellipse((cx - q, cy - q, cx + q, cy + q), fill=255)
    return m, core


def background(s, w, h, rng):
    rgb = [np.array(PALETTE[c], float) for c in s["colours"]]
    flat = lambda c: np.broadcast_to(c, (h, w, 3)).copy()
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    if s["bg"] == "plain":
        return flat(rgb[0])
    if s["bg"] == "gradient":  # first colour above, second below
        t = (y / max(1, h - 1))[..., None]
        return rgb[0] * (1 - t) + rgb[1] * t
    n = max(1.0, min(w, h) / int(rng.integers(5, 9)))
    if s["bg"] == "stripes":
        u = x if rng.random() < 0.7 else y
        return np.where((np.floor(u / n) % 2 == 0)[..., None], rgb[0], rgb[1])
    if s["bg"] == "checkerboard":
        return np.where(((np.floor(x / n) + np.floor(y / n)) % 2 == 0)[..., None], rgb[0], rgb[1])
    if s["bg"] == "night sky":
        im = Image.new("RGB", (w, h), tuple(int(v) for v in rgb[0]))
        d = ImageDraw.Draw(im)
        for _ in range(int(rng.integers(14, 26))):
            q, sx, sy = min(w, h) * rng.uniform(0.006, 0.014), rng.uniform(0, w), rng.uniform(0, h)
            d.ellipse((sx - q, sy - q, sx + q, sy + q), fill=(250, 245, 215))
        return np.asarray(im, float)
    grain = rng.normal(0, 1, (max(2, h // 16), max(2, w // 16))).astype(np.float32)
    grain = np.asarray(Image.fromarray(grain).resize((w, h), Image.BICUBIC))
    return flat(rgb[0]) + 9 * grain[..., None]


def layout(s, rng):
    """Centres and radii of the objects, in units of width, height and the shorter side."""
    if s["relation"]:
        gap = {"above": (0, -0.23), "below": (0, 0.23), "left of": (-0.23, 0), "right of": (0.23, 0)}[s["relation"]]
        r = rng.uniform(0.15, 0.19)
        return [(0.5 + gap[0], 0.5 + gap[1], r), (0.5 - gap[0], 0.5 - gap[1], r)]
    if s["count"] > 1:
        r = rng.uniform(0.17, 0.2) if s["count"] == 2 else rng.uniform(0.13, 0.15)
        step = 0.46 if s["count"] == 2 else 0.32
        return [(0.5 + (i - (s["count"] - 1) / 2) * step, 0.5 + rng.normal(0, 0.01), r) for i in range(s["count"])]
    o = s["objects"][0]
    if "at" in o:
        return [tuple(o["at"])]
    x, y = POSITIONS[o["position"]]
    r = rng.uniform(*SIZES[o["size"]])
    r = min(r, 0.25) if o["position"] != "center" else r
    return [(x + rng.normal(0, 0.012), y + rng.normal(0, 0.012), r)]


def render(s: dict, w: int, h: int, over: int | None = None) -> Image.Image:
    """Draws the scene at `over` times the size, anti-aliases by area averaging. Deterministic in the scene."""
    rng = np.random.default_rng(s["seed"])
    over = over or (3 if min(w, h) <= 160 else 2)
    W, H, side = w * over, h * over, min(w, h) * over
    art = background(s, W, H, rng)
    for i, (cx, cy, r) in enumerate(layout(s, rng)):
        o = s["objects"][min(i, len(s["objects"]) - 1)]
        angle = rng.uniform(-0.09, 0.09) if rng.random() < 0.4 else 0.0
        m, core = shape_mask(o["shape"], W, H, cx * W, cy * H, r * side, angle)
        rgb = np.array(PALETTE[o["colour"]], float)
        fin = s["finish"]
        paint = np.broadcast_to(rgb, art.shape)
        if fin == "outline":
            k = max(2, int(side * 0.022))
            m = ImageChops.subtract(m, Image.eval(m.filter(ImageFilter.GaussianBlur(k * 0.8)), lambda v: 255 if v > 216 else 0))
            core = None
        if fin == "glowing":
            halo = np.asarray(m.resize((W // over, H // over)).filter(ImageFilter.GaussianBlur(side / over * 0.06)).resize((W, H), Image.BILINEAR), float)[..., None] / 255
            art = art * (1 - 0.75 * halo) + (0.65 * rgb + 0.35 * 255) * 0.75 * halo
        if fin == "soft shadow":
            off = int(side * 0.045)
            sh = ImageChops.offset(m, off, off).resize((W // over, H // over)).filter(ImageFilter.GaussianBlur(side / over * 0.03)).resize((W, H), Image.BILINEAR)
            art = art * (1 - 0.5 * np.asarray(sh, float)[..., None] / 255)
        if fin == "watercolor":
            n = rng.normal(0, 1, (12, 12)).astype(np.float32)
            n = np.asarray(Image.fromarray(n).resize((W, H), Image.BICUBIC))[..., None]
            paint = np.clip(rgb * (1 - 0.0) + (255 - rgb) * np.clip(0.22 + 0.16 * n, 0, 0.6), 0, 255)
            m = Image.eval(m.filter(ImageFilter.GaussianBlur(side * 0.012)), lambda v: min(230, v))
        a = np.asarray(m, float)[..., None] / 255
        art = art * (1 - a) + paint * a
        if core is not None:
            mid = PALETTE["white"] if o["colour"] in ("yellow", "orange", "lime", "beige", "gray") else PALETTE["yellow"]
            a = np.asarray(core, float)[..., None] / 255
            art = art * (1 - a) + np.array(mid, float) * a
    im = Image.fromarray(np.clip(art + 0.5, 0, 255).astype(np.uint8)).reduce(over)
    if s["finish"] == "pixel art":
        g = 16 / min(w, h)
        im = im.resize((max(1, round(w * g)), max(1, round(h * g))), Image.BOX).resize((w, h), Image.NEAREST)
    return im


if __name__ == "__main__":  # a sheet of random scenes, to look at
    import sys
    import time

    rng = np.random.default_rng(1)
    sheet = Image.new("RGB", (8 * 130, 6 * 130))
    t = time.time()
    for i in range(48):
        sheet.paste(render(sample(rng), 128, 128), (i % 8 * 130, i // 8 * 130))
    print("seconds a scene", (time.time() - t) / 48)
    sheet.save(sys.argv[1] if len(sys.argv) > 1 else "world.png")
