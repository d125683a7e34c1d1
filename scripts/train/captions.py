"""Says a scene in words, in many ways, and builds the token sections the text encoders see in training.

`describe` returns the text and what it mentioned (labels; 0 = not mentioned), which the auxiliary loss of the text
encoders uses. `sections` wraps the caption as a server with style templates does: unknown words around it, more
sections of 77 tokens after it, sometimes nothing but unknown words.
"""
import numpy as np

from tokenizer import EOS, Compact, frame
from world import BACKGROUNDS, COLOURS, FINISHES, POSITIONS, RELATIONS, SHAPES

SYNONYMS = {"gray": ["gray", "grey"], "purple": ["purple", "violet"], "cyan": ["cyan", "aqua"], "magenta": ["magenta", "fuchsia"]}
PLURAL = {s: s + "s" for s in SHAPES} | {"cross": "crosses"}
NUMBER = {2: "two", 3: "three"}
SIZE_WORDS = {"small": ["small", "little", "tiny"], "medium": ["medium", "medium-sized"], "large": ["large", "big", "huge"]}
WORDS = set(
    "a an the on in with of and at to is . , : - background backdrop plain solid simple flat gradient from fading into "
    "stripes striped checkerboard checkered pattern night sky starry stars paper textured outline outlined glowing glow "
    "watercolor painting pixel art pixelated soft shadow above below over under left right top bottom center centered middle "
    "side corner next two three one next front against colored color shape style drawing picture image photo illustration".split()
) | {w for v in SYNONYMS.values() for w in v} | set(COLOURS) | set(SHAPES) | set(PLURAL.values()) | {w for v in SIZE_WORDS.values() for w in v} | {"medium-sized", "upper", "lower"}

# Label heads of the auxiliary loss; index 0 of each is "not mentioned".
HEADS = {"bg": len(BACKGROUNDS) + 1, "bg1": len(COLOURS) + 1, "bg2": len(COLOURS) + 1, "shape1": len(SHAPES) + 1, "colour1": len(COLOURS) + 1,
         "shape2": len(SHAPES) + 1, "colour2": len(COLOURS) + 1, "count": 4, "size": 4, "position": len(POSITIONS) + 1,
         "relation": len(RELATIONS) + 1, "finish": len(FINISHES)}


def at(table, value):
    return list(table).index(value) + 1


def article(words):
    return ("an " if words[0] in "aeiou" else "a ") + words


def describe(s, rng):
    """(text, labels). Any part but the shape may be left out."""
    m = dict.fromkeys(HEADS, 0)
    r = lambda p: rng.random() < p
    one = lambda *v: v[rng.integers(len(v))]
    say = lambda c: one(*SYNONYMS.get(c, [c]))
    objects = s["objects"]

    def noun(o, i, count=1):
        words = []
        if o.get("size") and r(0.25 if o["size"] == "medium" else 0.6):
            words.append(one(*SIZE_WORDS[o["size"]]))
            m["size"] = at(SIZE_WORDS, o["size"])
        fin = s["finish"]
        style = fin != "none" and r(0.5) and fin in ("outline", "glowing", "watercolor")
        if style:
            words.append({"outline": "outlined", "glowing": "glowing", "watercolor": "watercolor"}[fin])
            m["finish"] = FINISHES.index(fin)
        if r(0.95):
            words.append(say(o["colour"]))
            m[f"colour{i}"] = at(COLOURS, o["colour"])
        words.append(o["shape"] if count == 1 else PLURAL[o["shape"]])
        m[f"shape{i}"] = at(SHAPES, o["shape"])
        if count > 1:
            m["count"] = count
            return NUMBER[count] + " " + " ".join(words)
        return article(" ".join(words))

    if s["relation"]:
        a, b = noun(objects[0], 1), noun(objects[1], 2)
        how = {"above": one("above", "over", "on top of"), "below": one("below", "under"), "left of": one("left of", "to the left of"),
               "right of": one("right of", "to the right of")}[s["relation"]]
        m["relation"], m["count"] = at(RELATIONS, s["relation"]), 2
        if r(0.1):
            what, m["relation"] = f"{a} and {b}", 0
        else:
            what = f"{a} {how} {b}"
    else:
        what = noun(objects[0], 1, s["count"])
        pos = objects[0].get("position")
        if pos and r(0.12 if pos == "center" else 0.85):
            m["position"] = at(POSITIONS, pos)
            what += " " + (one("in the center", "in the middle", "centered") if pos == "center" else
                           f"{one('at', 'in')} the {pos}" if pos in ("top", "bottom") else
                           one(f"on the {pos}", f"on the {pos} side") if pos in ("left", "right") else
                           one(f"in the {pos}", f"in the {pos} corner"))
    c = [say(x) for x in s["colours"]]
    ground = one("background", "background", "background", "backdrop")
    kind = s["bg"]
    where = None
    if r(0.93):
        m["bg"] = at(BACKGROUNDS, kind)
        if kind in ("plain", "gradient", "stripes", "checkerboard"):
            m["bg1"] = at(COLOURS, s["colours"][0])
        if len(c) == 2:
            m["bg2"] = at(COLOURS, s["colours"][1])
        where = {
            "plain": f"{one('', '', '', 'plain ', 'solid ')}{c[0]} {ground}",
            "gradient": one(f"{c[0]} to {c[-1]} gradient {ground}", f"gradient {ground} from {c[0]} to {c[-1]}"),
            "stripes": one(f"{c[0]} and {c[-1]} striped {ground}", f"{ground} of {c[0]} and {c[-1]} stripes"),
            "checkerboard": one(f"{c[0]} and {c[-1]} checkerboard {ground}", f"{c[0]} and {c[-1]} checkered {ground}"),
            "night sky": one("night sky", f"night sky {ground}", "starry night sky"),
            "paper": one("paper", f"paper {ground}", "textured paper"),
        }[kind]
    if where is None:
        text = what
    else:
        art = "the " if r(0.1) else ("an " if where[0] in "aeiou" else "a ")
        if where.startswith("background of"):
            art = "a "
        prep = "in" if kind == "night sky" and r(0.5) else "on"
        k = rng.integers(10)
        text = (f"{what} {prep} {art}{where}" if k < 5 else f"{what}, {where}" if k < 7 else f"{where} with {what}" if k == 7
                else f"{where}, {what}" if k == 8 else f"{what} {one('with', 'in front of', 'against')} {art}{where}")
    if s["finish"] != "none" and m["finish"] == 0 and r(0.9):
        m["finish"] = FINISHES.index(s["finish"])
        tail = {"outline": one("outline", "outline drawing"), "glowing": one("glowing", "glow"), "watercolor": one("watercolor", "watercolor painting"),
                "pixel art": one("pixel art", "pixelated"), "soft shadow": one("soft shadow", "with a soft shadow")}[s["finish"]]
        text = f"{tail}, {text}" if r(0.25) and not tail.startswith("with") else f"{text}, {tail}" if not tail.startswith("with") else f"{text} {tail}"
    if r(0.12):
        text = one("a picture of ", "a drawing of ", "an image of ", "a photo of ", "an illustration of ") + text
    if r(0.15):
        text += "."
    return text, m


class Sections:
    """Token rows for training: the caption inside words the model does not know."""

    def __init__(self, compact: Compact):
        self.c = compact
        self.glue = [compact.text(w) for w in (",", ",", ",", ".", "a", "of", "the", "and", "with", "in")]
        self.junk = [compact.text(w) for w in ("background", "soft", "shadow", "art", "painting", "pattern", "photo", "image", "flat", "color", "light", "style", "picture", "glow")]

    def noise(self, rng, n):
        """About n tokens of words without meaning here, with commas between."""
        out = []
        while len(out) < n:
            k = rng.random()
            out += [0] * int(rng.integers(1, 4)) if k < 0.62 else self.glue[rng.integers(len(self.glue))] if k < 0.97 else self.junk[rng.integers(len(self.junk))]
        return out[:n]

    def build(self, text, k, rng):
        """k framed sections for one image. Returns (rows1 [k,77], rows2 [k,77], eos [k], counted [k])."""
        body = None if text is None else self.c.text(text)
        main = self.wrap(body, rng)
        all_, counted = [main], [1.0]
        for _ in range(k - 1):
            u = rng.random()
            if body is not None and u < 0.65:  # like a prompt expansion: the caption, then words up to the end
                all_.append((body + self.glue[0] + self.noise(rng, 75))[:75])
                counted.append(float(rng.random() < 0.3))
            else:
                all_.append(self.noise(rng, int(rng.integers(0, 76))))
                counted.append(float(rng.random() < 0.5))
        framed = [frame(x) for x in all_]
        return [f[0] for f in framed], [f[1] for f in framed], [f[2] for f in framed], counted

    def wrap(self, body, rng):
        u = rng.random()
        if body is None:
            return [] if u < 0.3 else self.noise(rng, int(rng.integers(1, 76)))
        if u < 0.4:
            return body
        room = 75 - len(body)
        if u < 0.75:  # words on both sides (a style template)
            before = self.noise(rng, int(rng.integers(0, min(9, room + 1)))) if rng.random() < 0.7 else []
            after = self.noise(rng, int(rng.integers(0, room - len(before) + 1)))
            return before + body + after
        if u < 0.9:
            return body + self.glue[0] + self.noise(rng, max(0, room - 1))
        return self.noise(rng, int(rng.integers(0, min(40, room) + 1))) + body


if __name__ == "__main__":
    import world
    from tokenizer import Bpe

    bpe = Bpe()
    compact = Compact(bpe, WORDS)
    rng = np.random.default_rng(3)
    for _ in range(30):
        s = world.sample(rng)
        t, m = describe(s, rng)
        rows = compact.text(t)
        print(rows.count(0), len(rows), t, {k: v for k, v in m.items() if v})
    print(len(compact))
