"""Batches of noisy latents with their pictures, captions and sizes, for what learns from pictures beside a UNet that stays
as it is."""
import json

import numpy as np
import torch

from diffusion import ABAR, SIGMAS
from distill import load
from nets import reduced
from text import TextBatcher, adm, encode, sizes

WEIGHT = (1 + SIGMAS**2).sqrt() * (5 / (1 / SIGMAS**2)).clamp(max=1)  # as in train.py
WEIGHT = WEIGHT / WEIGHT.mean()


def noisy_levels(n, rng):
    """Mostly the noisier half: there control images and image prompts work, and there places and colours are decided."""
    t = np.where(rng.random(n) < 0.75, rng.integers(450, 1000, n), rng.integers(0, 1000, n))
    return torch.from_numpy(t)


class Pairs:
    def __init__(self, model, folder, seed):
        self.rng = np.random.default_rng(seed)
        torch.manual_seed(seed)
        self.compact, self.nets = load(model)
        self.text = TextBatcher(self.compact, self.rng)
        self.buckets = {}
        for f in sorted(folder.glob("latents-*.pt")):
            scenes = f.with_name(f.name.replace("latents", "scenes"))
            z, pictures = torch.load(f), np.load(scenes.with_suffix(".npy"), mmap_mode="r")
            self.buckets.setdefault(tuple(z.shape[2:]), []).append((z, pictures, json.loads(scenes.with_suffix(".json").read_text())))

    def take(self, shape, n):
        """(latents, pictures [n, height, width, 3], scenes)."""
        z, pictures, scenes = [], [], []
        for _ in range(n):
            chunk = self.buckets[shape][self.rng.integers(len(self.buckets[shape]))]
            i = self.rng.integers(len(chunk[0]))
            for got, part in zip((z, pictures, scenes), chunk):
                got.append(part[i])
        return torch.stack(z).float(), np.stack(pictures), scenes

    def shape(self, big_share):
        big = sorted(s for s in self.buckets if s != (16, 16))
        return big[self.rng.integers(len(big))] if big and self.rng.random() < big_share else (16, 16)

    def noise(self, z, levels):
        """(x, noise)."""
        eps = torch.randn_like(z)
        return ABAR[levels].sqrt().float()[:, None, None, None] * z + (1 - ABAR[levels]).sqrt().float()[:, None, None, None] * eps, eps

    @torch.no_grad()
    def words(self, scenes, shape, drop):
        """(context, y) of new captions, of which so many are empty."""
        k = int(self.rng.choice([1, 2], p=[0.75, 0.25]))
        with reduced():
            context, pooled, *_ = encode(self.nets["te1"], self.nets["te2"], self.text.draw(scenes, k, drop), k)
        return context.float(), adm(pooled, sizes(scenes, shape[0] * 8, shape[1] * 8, self.rng))
