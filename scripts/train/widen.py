"""Gives a demo UNet of 32 channels x (2, 4, 4) SDXL's own layout, 64 x (1, 2, 2), without training it anew.

SDXL's first level is as wide as its first convolution and as its last layer, and its middle as deep as its last level; a file
in which they differ is refused by other programs. What the two layouts share is copied, the rest is made from the old weights, and then the new UNet
learns the old one's answers and the true noise.

    python3 widen.py start OLD.safetensors STATE_DIR       model.pt and vae.pt as `train.py` keeps them, and old.pt
    python3 widen.py blocks STATE_DIR                      the two blocks that could not be copied, alone
    python3 widen.py train STATE_DIR --minutes 40          the whole UNet; goes on from where it was stopped
    python3 widen.py lora OLD-LORA STATE_DIR OUT           a LoRA for the old UNet, to train on from for the new one
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from captions import WORDS
from diffusion import ABAR, SIGMAS
from export import PREFIX, build
from lora import Adapter
from nets import CONFIG, UNet, reduced, sinusoid
from restore import weights_of
from text import TextBatcher, adm, encode, sizes
from tokenizer import Bpe, Compact
from train import Latents, save, timesteps

torch.set_flush_denormal(True)
OLD = {"mc": 32, "mult": (2, 4, 4), "depth": (0, 1, 1), "middle": 2, "nres": 2}
SMALL = 0.02


def padded(old, like):
    """`old` in the first rows and columns of a tensor of `like`'s shape; new rows small and random, new columns zero."""
    new = torch.zeros_like(like)
    if old.dim() == 1:
        new[: len(old)] = old
        return new
    new[len(old) :] = torch.randn_like(new[len(old) :]) * SMALL
    new[: len(old), : old.shape[1]] = old
    return new


@torch.no_grad()
def widened(old, new):
    """The new UNet's weights from the old one's (both `state_dict`s)."""
    out = {k: old[k].clone() if k in old and old[k].shape == v.shape else padded(old[k], v) for k, v in new.items() if k in old and "skip" not in k}
    # A sinusoid of twice the numbers has the old frequencies at every second place: first the cosines, then the sines.
    half, w = OLD["mc"] // 2, old["time_embed.0.weight"]
    t = out["time_embed.0.weight"]
    t[: len(w)] = 0
    t[: len(w), 0 : 2 * half : 2] = w[:, :half]
    t[: len(w), 2 * half :: 2] = w[:, half:]
    out |= {k: old[k].clone() for k in new if "skip" in k and k in old and old[k].shape == new[k].shape}
    # The last level's second transformer blocks start as ones that change nothing.
    for k in new:
        if "transformer_blocks.1." in k and k not in old:
            out[k] = torch.zeros_like(new[k]) if "to_out" in k or "ff.net.2" in k else new[k].clone()

    # The first convolution takes over the first block's shortcut, which is the identity in the new layout.
    s, b = old["input_blocks.1.0.skip_connection.weight"][:, :, 0, 0], old["input_blocks.1.0.skip_connection.bias"]
    first = old["input_blocks.0.0.weight"]
    out["input_blocks.0.0.weight"] = torch.einsum("oi,ichw->ochw", s, first)
    out["input_blocks.0.0.bias"] = s @ old["input_blocks.0.0.bias"] + b
    back = torch.linalg.pinv(s)  # from the new features to the old ones

    def through(weight):
        return torch.einsum("oi...,ij->oj...", weight, back)

    block, last = "input_blocks.1.0.", "output_blocks.8.0."
    out[block + "in_layers.0.weight"], out[block + "in_layers.0.bias"] = torch.ones(64), torch.zeros(64)
    out[block + "in_layers.2.weight"] = through(old[block + "in_layers.2.weight"])
    keep = old[last + "in_layers.0.weight"].shape[0] - OLD["mc"]
    for part, fill in (("weight", 1.0), ("bias", 0.0)):
        v = torch.full((128,), fill)
        v[:keep] = old[f"{last}in_layers.0.{part}"][:keep]
        out[f"{last}in_layers.0.{part}"] = v
    for name in ("in_layers.2.weight", "skip_connection.weight"):
        w = old[last + name]
        out[last + name] = torch.cat([w[:, :keep], through(w[:, keep:])], 1)
    out[last + "skip_connection.bias"] = old[last + "skip_connection.bias"] - old[last + "skip_connection.weight"][:, keep:, 0, 0] @ back @ b
    return out


def start(checkpoint, state):
    torch.manual_seed(0)
    file, compact = load_file(checkpoint), Compact(Bpe(), WORDS)
    parts = build(compact)
    unet = parts.pop("unet")
    kept = {k: weights_of(file, k, m, compact) for k, m in parts.items()}
    old = weights_of(file, "unet", UNet(**OLD), compact)
    new = widened(old, unet.state_dict())
    unet.load_state_dict(new)
    state.mkdir(parents=True, exist_ok=True)
    save(state / "old.pt", old)
    save(state / "vae.pt", {"model": kept.pop("vae")})
    model = {"unet": new, **kept}
    save(state / "model.pt", {"model": model, "ema": model, "step": 0})
    print("unet", sum(v.numel() for v in new.values()), "was", sum(v.numel() for v in old.values()))


class Batches:
    """Noisy latents with captions, sizes and noise levels."""

    def __init__(self, state, seed):
        self.compact = Compact(Bpe(), WORDS)
        self.nets = build(self.compact)
        self.nets.pop("vae")
        self.rng = np.random.default_rng([seed, int(time.time())])
        torch.manual_seed(seed + int(time.time()))
        self.latents = Latents(state, self.rng)
        self.batcher = TextBatcher(self.compact, self.rng)
        self.roots = ABAR.sqrt().float(), (1 - ABAR).sqrt().float()

    def load(self, model):
        for k, m in self.nets.items():
            m.load_state_dict(model[k])
        for k in ("te1", "te2"):
            self.nets[k].requires_grad_(False)

    def draw(self, big_share, batch=48):
        """(x, noise levels, context, y, noise)."""
        rng = self.rng
        large = sorted(s for s in self.latents.buckets if s != (16, 16))
        big = bool(large) and rng.random() < big_share
        shape = large[rng.integers(len(large))] if big else (16, 16)
        n, repeat = (batch // 4, 2) if big else (batch, 4)
        z, scenes = self.latents.draw(shape, n // repeat)
        k = int(rng.choice([1, 2, 3, 4], p=[0.72, 0.18, 0.06, 0.04]))
        with torch.no_grad(), reduced():
            context, pooled, *_ = encode(self.nets["te1"], self.nets["te2"], self.batcher.draw(scenes, k), k)
        z, pooled = torch.cat([z] * repeat), torch.cat([pooled] * repeat)
        y = adm(pooled, sizes(scenes * repeat, shape[0] * 8, shape[1] * 8, rng))
        t = timesteps(len(z), rng)
        eps = torch.randn_like(z)
        a, b = (r[t][:, None, None, None] for r in self.roots)
        return a * z + b * eps, t, context, y, eps


def blocks(a):
    """Fits the first and the last block to the old features, which their other norm groups change."""
    torch.set_num_threads(1)
    got = torch.load(a.state / "model.pt")
    batches = Batches(a.state, a.seed)
    batches.load(got["model"])
    new, old = batches.nets["unet"], UNet(**OLD).requires_grad_(False)
    old.load_state_dict(torch.load(a.state / "old.pt"))
    parts = [new.input_blocks[1][0], new.output_blocks[8][0]]
    opt = torch.optim.AdamW([q for m in parts for q in m.parameters()], lr=2e-3, betas=(0.9, 0.98), weight_decay=0)
    seen = {}
    old.output_blocks[8][0].register_forward_hook(lambda _, i, o: seen.update(at=i[0], end=o))
    old.input_blocks[1][0].register_forward_hook(lambda _, i, o: seen.update(first=o))
    for step in range(a.steps):
        for g in opt.param_groups:
            g["lr"] = 2e-3 * max(0.05, 1 - step / a.steps)
        x, t, context, y, _ = batches.draw(0.3)
        with torch.no_grad():
            old(x, t.float(), context.float(), y)
            emb = new.time_embed(sinusoid(t.float(), new.mc)) + new.label_emb(y)
            h = new.input_blocks[0][0](x)
        ends = parts[0](h, emb), parts[1](torch.cat([seen["at"][:, :64], h], 1), emb)
        errors = [(e - q).square().mean() / q.square().mean() for e, q in zip(ends, (seen["first"], seen["end"]))]
        opt.zero_grad(set_to_none=True)
        sum(errors).backward()
        opt.step()
        if step % 20 == 0 or step == a.steps - 1:
            print(json.dumps({"step": step, "relative error": [round(e.item() ** 0.5, 4) for e in errors]}), flush=True)
    got["model"]["unet"] = {k: v.detach().clone() for k, v in new.state_dict().items()}
    save(a.state / "model.pt", got | {"ema": got["model"]})


def train(a):
    torch.set_num_threads(1)
    got = torch.load(a.state / "model.pt")
    batches = Batches(a.state, a.seed)
    batches.load(got["model"])
    new, old = batches.nets["unet"], UNet(**OLD).requires_grad_(False)
    old.load_state_dict(torch.load(a.state / "old.pt"))
    ema, step = {k: v.clone() for k, v in got["ema"]["unet"].items()}, got["step"]
    params = list(new.parameters())
    opt = torch.optim.AdamW(params, lr=a.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    if (a.state / "optim.pt").exists() and step:
        opt.load_state_dict(torch.load(a.state / "optim.pt"))
    weight = (1 + SIGMAS**2).sqrt() * (5 / (1 / SIGMAS**2)).clamp(max=1)
    weight = weight / weight.mean()
    log, sums = open(a.state / "widen.log", "a"), []
    begin = last = time.time()
    first_step = step

    def keep():
        model = got["model"] | {"unet": {k: v.detach().clone() for k, v in new.state_dict().items()}}
        save(a.state / "model.pt", {"model": model, "ema": got["ema"] | {"unet": ema}, "step": step})
        save(a.state / "optim.pt", opt.state_dict())

    def off(out, target):
        """Error, and four times that of whole areas: their colour."""
        d = out - target
        return d.square().mean((1, 2, 3)), F.avg_pool2d(d, 4).square().mean((1, 2, 3))

    while (frac := (time.time() - begin) / 60 / a.minutes) < 1:
        for g in opt.param_groups:
            g["lr"] = a.lr * min(1, (step - first_step + 1) / 20) * min(1, max(0.03, (1 - frac) / 0.6))
        x, t, context, y, eps = batches.draw(a.big_share)
        with reduced():
            with torch.no_grad():
                answer = old(x, t.float(), context, y).float()
            out = new(x, t.float(), context, y).float()
        (mse, flat), (far, far_flat) = off(out, eps), off(out, answer)
        loss = ((mse + 4 * flat + a.teacher * (far + 4 * far_flat)) * weight[t]).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        step += 1
        d = min(a.ema, (step - first_step + 1) / (step - first_step + 20))
        with torch.no_grad():
            mine = new.state_dict()
            torch._foreach_lerp_([ema[q] for q in mine], list(mine.values()), 1 - d)
        sums.append([loss.item(), mse.mean().item(), (answer - eps).square().mean().item(), far.mean().item(), far_flat.mean().item()])
        if step % 25 == 0 or step in (1, 5, 10):
            row = dict(zip(("loss", "noise", "old noise", "to old", "areas to old"), (round(float(v), 5) for v in np.mean(sums, 0))))
            print(json.dumps({"step": step, **row, "seconds": round(time.time() - begin)}), file=log, flush=True)
            sums = []
            batches.latents.refresh()
        if time.time() - last > 180:
            last = time.time()
            keep()
    keep()
    print(json.dumps({"done": step, "seconds": round(time.time() - begin)}), file=log, flush=True)


@torch.no_grad()
def lora(old_file, state, out):
    """Factors of an old LoRA that have a place in the new UNet; what read the old first level reads the new one through
    the inverse of the shortcut that lies between them. The shortcut's own factors have no place."""
    file, old = load_file(old_file), torch.load(state / "old.pt")
    back = torch.linalg.pinv(old["input_blocks.1.0.skip_connection.weight"][:, :, 0, 0])
    adapter = Adapter(UNet(**CONFIG["unet"]), 8)
    for name, layer, part in zip(adapter.names, adapter.layers, adapter.parts):
        key = "lora_unet_" + name.replace(".", "_")
        if key + ".lora_up.weight" not in file:
            continue
        up, down = file[key + ".lora_up.weight"].float(), file[key + ".lora_down.weight"].float()
        new = torch.zeros_like(part.down)
        if down.shape[1:] == new.shape[1:]:
            new[: len(down)] = down
        elif "emb_layers" in name:
            new[: len(down), : down.shape[1]] = down
        else:
            keep = down.shape[1] - OLD["mc"]
            new[: len(down)] = torch.cat([down[:, :keep], torch.einsum("oi...,ij->oj...", down[:, keep:], back)], 1)
        part.down.copy_(new)
        part.up.zero_()
        part.up[:, : up.shape[1]] = up
    adapter.save(out, "a LoRA to train on from")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("what", choices=["start", "blocks", "train", "lora"])
    p.add_argument("paths", nargs="+", type=Path)
    p.add_argument("--steps", type=int, default=120)
    p.add_argument("--minutes", type=float, default=40)
    p.add_argument("--lr", type=float, default=7e-4)
    p.add_argument("--ema", type=float, default=0.99)
    p.add_argument("--big-share", type=float, default=0.5)
    p.add_argument("--teacher", type=float, default=1.0, help="weight of the old model's answers beside the true noise's")
    p.add_argument("--seed", type=int, default=31)
    a = p.parse_args()
    if a.what == "lora":
        return lora(*a.paths)
    a.state = a.paths[-1]
    if a.what == "start":
        return start(a.paths[0], a.state)
    (blocks if a.what == "blocks" else train)(a)


if __name__ == "__main__":
    main()
