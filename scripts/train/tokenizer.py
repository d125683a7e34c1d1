"""CLIP's byte-level BPE for captions, and the compact numbering of the ids that captions can contain.

The merge list is public (MIT, openai/CLIP): `bpe_simple_vocab_16e6.txt.gz`, also inside the PyPI package
`open_clip_torch` (`pip download --no-deps open_clip_torch`). Give its place in FOOOCUSD_BPE.
"""
import gzip
import os
import re
from functools import lru_cache

BOS, EOS, PAD2 = 49406, 49407, 0
LENGTH = 77


def _symbols():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(rest)}, printable + rest


class Bpe:
    def __init__(self, path=None):
        path = path or os.environ.get("FOOOCUSD_BPE", "bpe_simple_vocab_16e6.txt.gz")
        lines = gzip.open(path, "rt", encoding="utf-8").read().split("\n")[1 : 48894 + 1]
        self.rank = {tuple(l.split()): i for i, l in enumerate(lines)}
        self.char, order = _symbols()
        units = [self.char[b] for b in order]
        names = units + [u + "</w>" for u in units] + ["".join(m) for m in self.rank]
        self.id = {n: i for i, n in enumerate(names)}
        self.pattern = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+")

    @lru_cache(None)
    def word(self, text):
        """Ids of one blank-free word."""
        out = []
        for piece in self.pattern.findall(text.lower()):
            s = [self.char[b] for b in piece.encode()]
            s[-1] += "</w>"
            while len(s) > 1:
                best = min(zip(s, s[1:]), key=lambda p: self.rank.get(p, 1 << 30))
                if best not in self.rank:
                    break
                i, t = 0, []
                while i < len(s):
                    if i + 1 < len(s) and (s[i], s[i + 1]) == best:
                        t.append(s[i] + s[i + 1])
                        i += 2
                    else:
                        t.append(s[i])
                        i += 1
                s = t
            out += [self.id[x] for x in s]
        return tuple(out)

    def text(self, t):
        return [i for w in t.split() for i in self.word(w)]


class Compact:
    """id <-> row of the small embedding tables. Row 0 stands for every unknown id (its vector is zero)."""

    def __init__(self, bpe, words):
        ids = sorted({i for w in words for i in bpe.word(w)} - {BOS, EOS, PAD2})
        self.ids = [-1, BOS, EOS, PAD2, *ids]
        self.row = {v: i for i, v in enumerate(self.ids)}
        self.bpe = bpe

    def __len__(self):
        return len(self.ids)

    @lru_cache(None)
    def word(self, w):
        return tuple(self.row.get(i, 0) for i in self.bpe.word(w))

    def text(self, t):
        return [r for w in t.split() for r in self.word(w)]


def frame(rows):
    """Rows of one section -> (77 rows for encoder 1, 77 rows for encoder 2, place of the end token)."""
    rows = rows[: LENGTH - 2]
    body = [1, *rows, 2]
    fill = LENGTH - len(body)
    return body + [2] * fill, body + [3] * fill, len(rows) + 1
