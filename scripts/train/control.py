"""A Control-LoRA for edges: what PyraCanny makes of a picture holds the shape at its place.

    python3 data.py FOLDER --kind placed ...; python3 encode.py FOLDER          scenes of one shape anywhere
    python3 control.py STATE_DIR FOLDER OUT.safetensors --minutes 20            goes on from FOLDER/control.pt

The network is ControlNet's (Zhang et al. 2023): a copy of the UNet's encoder with a hint added behind the first
convolution, here as factors of a low rank beside the UNet's own matrices, and own biases and norms (Control-LoRA).
"""
import argparse
import copy
import json
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

from export import write
from nets import ResBlock, SpatialTransformer, reduced, sinusoid
from pairs import WEIGHT, Pairs, noisy_levels
from train import save

torch.set_flush_denormal(True)
HINT = (16, 16, 32, 32, 96, 96, 256)  # as in SDXL's; the last convolution has the UNet's channels
RANK = 16


def edges(picture, low=64, high=128):
    """Canny's edges of shrunk copies, the smaller ones fainter (pipeline.md 12.1): what PyraCanny hands to the network."""
    h, w = picture.shape[:2]
    total = None
    for k in np.arange(2, 11) / 10:
        small = cv2.resize(picture, (int(w * k), int(h * k)), interpolation=cv2.INTER_AREA)
        found = np.stack([cv2.Canny(small[..., c], low, high) for c in range(3)], -1).astype(np.float32) / 255
        total = found if total is None else 0.75 * cv2.resize(total, found.shape[1::-1], interpolation=cv2.INTER_LINEAR) + 0.25 * found
    s = total.sum(2)
    least, most = np.percentile(s, [1, 99])
    if most <= least:
        most = least + 1
    return np.clip((s - least) / (most - least) * 255, 0, 255).astype(np.uint8)


class Factors(nn.Module):
    """W + up · down of one layer of the base, and a bias of its own."""

    def __init__(self, layer):
        super().__init__()
        self.layer = [layer]  # not a part of this module
        out, inner = layer.weight.shape[0], layer.weight[0].numel()
        rank = min(RANK, out, inner)
        self.down = nn.Parameter(torch.randn(rank, *layer.weight.shape[1:]) / inner**0.5)
        self.up = nn.Parameter(torch.zeros(out, rank, *(1 for _ in layer.weight.shape[2:])))
        self.bias = None if layer.bias is None else nn.Parameter(layer.bias.detach().clone())

    def forward(self, x):
        base = self.layer[0]
        w = base.weight + (self.up.flatten(1) @ self.down.flatten(1)).view_as(base.weight)
        return F.linear(x, w, self.bias) if w.dim() == 2 else F.conv2d(x, w, self.bias, base.stride, base.padding)


def factored(module):
    """A copy of a part of the UNet with factors in place of matrices; norms are copied and learn."""
    out = copy.deepcopy(module).requires_grad_(True)
    for path, layer in module.named_modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            owner, _, name = path.rpartition(".")
            setattr(out.get_submodule(owner), name, Factors(layer))
    return out


class Control(nn.Module):
    """Its `state_dict` has the names of a Control-LoRA, but for the marker."""

    def __init__(self, unet):
        super().__init__()
        self.mc = unet.mc
        part = nn.Module()
        part.time_embed, part.label_emb, part.input_blocks, part.middle_block = unet.time_embed, unet.label_emb, unet.input_blocks, unet.middle_block
        for name, child in factored(part).named_children():
            self.add_module(name, child)
        layers, c = [], 3
        for i, o in enumerate((*HINT, unet.mc)):
            layers += [nn.Conv2d(c, o, 3, padding=1, stride=2 if i in (2, 4, 6) else 1), nn.SiLU()]
            c = o
        self.input_hint_block = nn.Sequential(*layers[:-1])
        for m in self.input_hint_block:
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)
        nn.init.normal_(self.input_hint_block[-1].weight, std=0.02)
        widths = [unet.mc]
        for block in list(unet.input_blocks)[1:]:
            widths.append(next(m for m in block.modules() if isinstance(m, nn.Conv2d)).out_channels)
        zero = lambda c: nn.Sequential(nn.Conv2d(c, c, 1))
        self.zero_convs = nn.ModuleList(zero(c) for c in widths)
        self.middle_block_out = zero(widths[-1])
        for m in [*self.zero_convs, self.middle_block_out]:
            nn.init.zeros_(m[0].weight)
            nn.init.zeros_(m[0].bias)

    def forward(self, x, t, context, y, hint):
        emb = self.time_embed(sinusoid(t, self.mc)) + self.label_emb(y)
        run = lambda m, h: m(h, emb) if isinstance(m, ResBlock) else m(h, context) if isinstance(m, SpatialTransformer) else m(h)
        guide, h, out = self.input_hint_block(hint), x, []
        for i, block in enumerate(self.input_blocks):
            for m in block:
                h = run(m, h)
            if i == 0:
                h = h + guide
            out.append(self.zero_convs[i](h))
        for m in self.middle_block:
            h = run(m, h)
        return [*out, self.middle_block_out(h)]


def guided(unet, x, t, context, y, residuals):
    """The UNet with what a ControlNet adds to its skips and behind its middle."""
    emb = unet.time_embed(sinusoid(t, unet.mc)) + unet.label_emb(y)
    run = lambda m, h: m(h, emb) if isinstance(m, ResBlock) else m(h, context) if isinstance(m, SpatialTransformer) else m(h)
    h, skips = x, []
    with torch.no_grad():  # nothing above depends on what learns
        for block in unet.input_blocks:
            for m in block:
                h = run(m, h)
            skips.append(h)
        for m in unet.middle_block:
            h = run(m, h)
    h = h + residuals[-1]
    skips = [s + r for s, r in zip(skips, residuals)]
    for block in unet.output_blocks:
        h = torch.cat([h, skips.pop()], 1)
        for m in block:
            h = m(h, skips[-1].shape[2:]) if type(m).__name__ == "Up" else run(m, h)
    return unet.out(h)


def softened(residuals, q, strength):
    last = len(residuals) - 1
    return [strength * (1 - q * (1 - i / last)) * r for i, r in enumerate(residuals)]


def export(net, path):
    tensors = {k: v.detach().half().contiguous() for k, v in net.state_dict().items()}
    write(tensors | {"lora_controlnet": torch.zeros(0, dtype=torch.float16)}, path, {"format": "pt", "modelspec.title": "fooocusd demo control-lora canny", "modelspec.license": "MIT"})
    print(len(tensors) + 1, "tensors", sum(v.numel() for v in tensors.values()), "numbers")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("state", type=Path)
    p.add_argument("folder", type=Path)
    p.add_argument("out", type=Path)
    p.add_argument("--minutes", type=float, default=20)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--big-share", type=float, default=0.35)
    p.add_argument("--strength", type=float, nargs=2, default=(1.0, 1.0), help="lowest and highest")
    p.add_argument("--seed", type=int, default=61)
    a = p.parse_args()
    torch.set_num_threads(1)
    pairs = Pairs(a.state, a.folder, a.seed)
    unet = pairs.nets["unet"]
    net = Control(unet)
    kept, step = a.folder / "control.pt", 0
    zero = [q for m in [*net.zero_convs, net.middle_block_out] for q in m.parameters()]
    known = {id(q) for q in zero}
    rest = [q for q in net.parameters() if q.requires_grad and id(q) not in known]
    opt = torch.optim.AdamW([{"params": zero, "k": 2.0}, {"params": rest, "k": 1.0}], lr=a.lr, betas=(0.9, 0.98), weight_decay=0, fused=True)
    average = {k: v.clone() for k, v in net.state_dict().items()}
    if kept.exists():
        got = torch.load(kept)
        net.load_state_dict(got["model"])
        average, step = got["average"], got["step"]
        opt.load_state_dict(got["optim"])
    cache = {}
    log, begin, last, first, sums = open(a.folder / "control.log", "a"), time.time(), time.time(), step, []
    keep = lambda: save(kept, {"model": net.state_dict(), "average": average, "step": step, "optim": opt.state_dict()})
    while (frac := (time.time() - begin) / 60 / a.minutes) < 1:
        for g in opt.param_groups:
            g["lr"] = g["k"] * a.lr * min(1, (step - first + 1) / 20) * min(1, max(0.03, (1 - frac) / 0.5))
        shape = pairs.shape(a.big_share)
        n, repeat = (a.batch // 4, 2) if shape != (16, 16) else (a.batch, 2)
        z, pictures, scenes = pairs.take(shape, n // repeat)
        hint = []
        for picture in pictures:
            key = picture.tobytes()[:4096] + picture[len(picture) // 2].tobytes()
            if key not in cache:
                cache[key] = edges(picture)
            hint.append(cache[key])
        hint = torch.from_numpy(np.stack(hint)).float()[:, None].expand(-1, 3, -1, -1) / 255
        context, y = pairs.words(scenes, shape, 0.25)
        z, y, hint = (torch.cat([v] * repeat) for v in (z, y, hint))
        t = noisy_levels(len(z), pairs.rng)
        x, eps = pairs.noise(z, t)
        with reduced():
            residuals = net(x, t.float(), context, y, hint)
            out = guided(unet, x, t.float(), context, y, softened(residuals, 0.25 if pairs.rng.random() < 0.7 else 0.0, pairs.rng.uniform(*a.strength))).float()
        mse, flat = (out - eps).square().mean((1, 2, 3)), F.avg_pool2d(out - eps, 4).square().mean((1, 2, 3))
        loss = ((mse + 4 * flat) * WEIGHT[t]).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        step += 1
        with torch.no_grad():
            mine = net.state_dict()
            torch._foreach_lerp_([average[k] for k in mine], list(mine.values()), 1 - min(0.98, step / (step + 10)))
        high = t > 750
        sums.append([loss.item(), mse.mean().item(), mse[high].mean().item() if high.any() else np.nan, residuals[4].float().std().item()])
        if step % 20 == 0 or step == 1:
            row = dict(zip(("loss", "noise", "at high noise", "residual"), (round(float(v), 5) for v in np.nanmean(sums, 0))))
            print(json.dumps({"step": step, **row, "seconds": round(time.time() - begin)}), file=log, flush=True)
            sums = []
        if time.time() - last > 60:
            last = time.time()
            keep()
    keep()
    net.load_state_dict(average)
    export(net, a.out)


if __name__ == "__main__":
    main()
