"""Batches of captions for training: sections -> context, pooled vector, auxiliary losses."""
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

from captions import HEADS, Sections, describe
from nets import sinusoid


class AuxHeads(nn.Module):
    """Linear readers of what a caption says, from the pooled vector and from the context at the end token and at the
    last place. Only used in training: they teach the encoders the captions' meaning much faster than the UNet does."""

    def __init__(self, pooled, context):
        super().__init__()
        total = sum(HEADS.values())
        self.pooled, self.end, self.last = nn.Linear(pooled, total), nn.Linear(context, total), nn.Linear(context, total)

    def loss(self, pooled, context, eos, labels, known):
        at = torch.arange(len(pooled))
        total, right = 0.0, []
        for logits in (self.pooled(pooled), self.end(context[at, eos]), self.last(context[:, -1])):
            o = 0
            for i, n in enumerate(HEADS.values()):
                l = logits[known, o : o + n].float()
                total = total + F.cross_entropy(l, labels[known, i])
                right.append((l.argmax(1) == labels[known, i]).float().mean().item())
                o += n
        return total / 3, float(np.mean(right))


class TextBatcher:
    def __init__(self, compact, rng):
        self.sections, self.rng = Sections(compact), rng

    def draw(self, scenes, k, drop=0.1):
        """Token tensors for these scenes with k sections each."""
        r1, r2, eos, counted, labels, known = [], [], [], [], [], []
        for s in scenes:
            text, m = describe(s, self.rng)
            if self.rng.random() < drop:
                text = None
            a, b, e, c = self.sections.build(text, k, self.rng)
            r1 += a
            r2 += b
            eos += e
            counted.append(c)
            labels.append(list(m.values()))
            known.append(text is not None)
        return (torch.tensor(r1), torch.tensor(r2), torch.tensor(eos), torch.tensor(counted), torch.tensor(labels), torch.tensor(known))


def encode(te1, te2, batch, k):
    """(context [n, 77k, C], pooled [n, P], pooled and context of the first section for the auxiliary loss)."""
    r1, r2, eos, counted = batch[:4]
    hidden, pooled = te2(r2, eos)
    sections = torch.cat([te1(r1), hidden], 2)
    n = len(r1) // k
    context = sections.reshape(n, k * 77, -1)
    pooled = pooled.float().reshape(n, k, -1)
    return context, (pooled * counted[..., None]).sum(1), pooled[:, 0], sections.reshape(n, k, 77, -1)[:, 0], eos.reshape(n, k)[:, 0]


def sizes(scenes, h, w, rng):
    """The six numbers of SDXL's size conditioning. The server multiplies the original size by 1.5 or 0.8 for part of
    the steps and may ask for any size, so the numbers vary far more than the pictures do."""
    out = []
    for s in scenes:
        th, tw = h, w
        if rng.random() < 0.35:
            f = float(np.exp(rng.uniform(np.log(0.6), np.log(6))))
            th, tw = min(1600, round(h * f / 64) * 64), min(1600, round(w * f / 64) * 64)
            th, tw = max(64, th), max(64, tw)
        f = 1.0 if rng.random() < 0.4 else float(rng.uniform(0.7, 2.0))
        out.append([min(2400, th * f), min(2400, tw * f), s["crop"][0], s["crop"][1], th, tw])
    return torch.tensor(out)


def adm(pooled, numbers):
    return torch.cat([pooled.float(), sinusoid(numbers.reshape(-1), 256).reshape(len(pooled), -1)], 1)
