"""The style LoRA "neon": everything becomes glowing outlines on a dark ground, whatever the caption says of grounds.

    python3 style.py STATE_DIR OUT.safetensors --minutes 4
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

import world
from diffusion import ABAR
from distill import load
from lora import Adapter
from nets import CONFIG, VAE, reduced
from text import TextBatcher, adm, encode, sizes
from train import Team, timesteps

DARK = (12, 10, 24)


def neon(s, w, h):
    """The scene in neon: a bright tube along every edge of every shape, with a halo of the shape's colour."""
    rng = np.random.default_rng(s["seed"])
    art = np.broadcast_to(np.array(DARK, float), (h * 2, w * 2, 3)).copy()
    side = min(w, h) * 2
    for i, (cx, cy, r) in enumerate(world.layout(s, rng)):
        o = s["objects"][min(i, len(s["objects"]) - 1)]
        m, _ = world.shape_mask(o["shape"], w * 2, h * 2, cx * w * 2, cy * h * 2, r * side, 0.0)
        soft = np.asarray(m.filter(ImageFilter.GaussianBlur(side * 0.02)), float) / 255
        tube = np.clip(1.25 - np.abs(soft - 0.5) * 3.4, 0, 1)[..., None]
        halo = np.asarray(Image.fromarray((tube[..., 0] * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(side * 0.035)), float)[..., None] / 255
        rgb = np.array(world.PALETTE[o["colour"]], float)
        rgb = rgb * min(2.5, 235 / max(rgb.max(), 60)) if o["colour"] != "black" else np.array((150, 150, 170.0))
        art = art + halo * 1.3 * (rgb - art).clip(0)
        art = art * (1 - tube) + (rgb * 0.85 + 255 * 0.15) * tube
    return Image.fromarray(np.clip(art, 0, 255).astype(np.uint8)).reduce(2)


def work(rank, a):
    team = Team(rank, a.workers, a.state)
    rng = np.random.default_rng([a.seed, rank])
    torch.manual_seed(a.seed + rank)
    compact, nets = load(a.state)
    vae = VAE(**CONFIG["vae"])
    vae.load_state_dict(torch.load(a.state / "vae.pt")["model"])
    data = {}
    with torch.no_grad(), reduced():
        for (w, h), n in (((128, 128), a.scenes), ((256, 256), a.scenes // 4), ((320, 192), a.scenes // 8)):
            scenes = [world.sample(rng) | {"crop": [0, 0]} for _ in range(n)]
            x = torch.from_numpy(np.stack([np.asarray(neon(s, w, h)) for s in scenes])).permute(0, 3, 1, 2).float().contiguous() / 127.5 - 1
            data[(h // 8, w // 8)] = (torch.cat([vae.to_latent(q) for q in x.split(8)]).float(), scenes)
    adapter = Adapter(nets["unet"], a.rank).attach()
    if a.start:
        adapter.load(a.start)
    team.same([adapter])
    params = list(adapter.parameters())
    opt = torch.optim.AdamW(params, lr=a.lr, betas=(0.9, 0.98), weight_decay=0, fused=True)
    batcher, log, step, begin = TextBatcher(compact, rng), open(a.state / "style.log" if rank == 0 else "/dev/null", "a"), 0, time.time()
    while (frac := team.value((time.time() - begin) / 60 / a.minutes)) < 1:
        for g in opt.param_groups:
            g["lr"] = a.lr * min(1, (step + 1) / 20) * max(0.03, 1 - frac)
        shape = list(data)[int(rng.choice(3, p=[0.6, 0.25, 0.15]))]
        z, scenes = data[shape]
        n = 32 if shape[0] == 16 else 8
        i = rng.integers(0, len(z), n)
        k = int(rng.choice([1, 2], p=[0.7, 0.3]))
        mine = [scenes[q] for q in i]
        batch = batcher.draw(mine, k, drop=0.05)
        with torch.no_grad(), reduced():
            context, pooled, *_ = encode(nets["te1"], nets["te2"], batch, k)
        t = timesteps(n, rng)
        s, c = ABAR[t].sqrt().float()[:, None, None, None], (1 - ABAR[t]).sqrt().float()[:, None, None, None]
        eps = torch.randn(n, *z.shape[1:])
        with reduced():
            out = nets["unet"](s * z[i] + c * eps, t.float(), context, adm(pooled, sizes(mine, shape[0] * 8, shape[1] * 8, rng))).float()
        weight = (c / s).clamp(max=15)  # the dark ground is decided at high noise
        loss = ((out - eps).square() * weight).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        team.average(params)
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        step += 1
        if step % 25 == 0:
            print(json.dumps({"step": step, "loss": round(loss.item(), 4), "seconds": round(time.time() - begin)}), file=log, flush=True)
    if rank == 0:
        adapter.save(a.out, "fooocusd demo neon")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("state", type=Path)
    p.add_argument("out")
    p.add_argument("--minutes", type=float, default=4)
    p.add_argument("--scenes", type=int, default=400, help="a worker")
    p.add_argument("--rank", type=int, default=8)
    p.add_argument("--start", help="go on from this LoRA")
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--workers", type=int, default=2)
    a = p.parse_args()
    (a.state / "team").unlink(missing_ok=True)
    if a.workers == 1:
        return work(0, a)
    torch.multiprocessing.spawn(work, (a,), nprocs=a.workers)


if __name__ == "__main__":
    main()
