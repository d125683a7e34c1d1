"""Trains the VAE on crops of rendered scenes: L1 + edge (gradient) term + a very small KL; noise is added to the
latents so that small errors of the UNet do no harm. At the end the scale of the latents is folded into the weights.

    python3 vae_train.py STATE_DIR --minutes 15            encoder and decoder
    python3 vae_train.py STATE_DIR --minutes 10 --decoder-only   polish the decoder later; latents stay what they are
"""
import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch

import world
from nets import CONFIG, LATENT_SCALE, VAE, reduced

torch.set_num_threads(2)
torch.set_flush_denormal(True)


def load(state):
    files = sorted(state.glob("scenes-*.npy"))
    assert files, "render scenes first: data.py"
    return [np.load(f, mmap_mode="r") for f in files]


def crops(chunks, rng, size, batch):
    """One batch of random crops, -1 … 1."""
    out = []
    for _ in range(batch):
        c = chunks[rng.integers(len(chunks))]
        a = c[rng.integers(len(c))]
        y, x = (rng.integers(0, n - size + 1) for n in a.shape[:2])
        out.append(a[y : y + size, x : x + size])
    return torch.from_numpy(np.stack(out)).permute(0, 3, 1, 2).float().contiguous() / 127.5 - 1


def edges(x):
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("state", type=Path)
    p.add_argument("--minutes", type=float, default=15)
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--lr", type=float, default=1.5e-3)
    p.add_argument("--seed", type=int, default=11)
    p.add_argument("--decoder-only", action="store_true")
    a = p.parse_args()
    a.state.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(a.seed)
    vae = VAE(**CONFIG["vae"])
    vae.training_eps()
    vae.start_as_pooling()
    path = a.state / ("vae.pt")
    if a.decoder_only:
        vae.load_state_dict(torch.load(a.state / "vae-raw.pt")["model"])
        vae.encoder.requires_grad_(False), vae.quant_conv.requires_grad_(False)
    params = [q for q in vae.parameters() if q.requires_grad]
    opt = torch.optim.AdamW(params, lr=a.lr, betas=(0.9, 0.98), weight_decay=1e-4)
    ema = {k: v.detach().clone() for k, v in vae.state_dict().items()}
    rng, chunks = np.random.default_rng(a.seed), load(a.state)
    start, step, log, sums = time.time(), 0, open(a.state / "vae.log", "a"), []
    scale = 1.0 if not a.decoder_only else 1 / LATENT_SCALE  # the size latents have (roughly unit, or folded)
    last = start
    while (frac := (time.time() - start) / (a.minutes * 60)) < 1:
        for g in opt.param_groups:
            g["lr"] = a.lr * min(1, (step + 1) / 30) * (1 - frac) ** 0.8 + 1e-6
        x = crops(chunks, rng, a.size, a.batch)
        with reduced():
            if a.decoder_only:
                with torch.no_grad():
                    mean, logvar = vae.moments(x)
            else:
                mean, logvar = vae.moments(x)
            mean, logvar = mean.float(), logvar.float()
            z = mean
            if not a.decoder_only:
                z = z + torch.exp(0.5 * logvar) * torch.randn_like(z)
            noise = torch.rand(len(z), 1, 1, 1) ** 2 * 0.25 * scale
            z = z + noise * torch.randn_like(z)
            y = vae.decode(z).float()
        l1 = (y - x).abs().mean()
        edge = sum((u - v).abs().mean() for u, v in zip(edges(y), edges(x)))
        mse = (y - x).square().mean()
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        loss = l1 + 0.7 * edge + mse + (0 if a.decoder_only else 3e-4 * kl)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        step += 1
        d = min(0.995, step / (step + 20))
        with torch.no_grad():
            for k, v in vae.state_dict().items():
                ema[k].lerp_(v, 1 - d)
        sums.append((l1.item(), edge.item(), kl.item()))
        if step % 25 == 0:
            l, e, k = np.mean(sums, 0)
            sums = []
            row = {"step": step, "l1": l, "edge": e, "kl": k, "std": mean.std().item(), "seconds": time.time() - start}
            print(json.dumps(row), file=log, flush=True)
        if time.time() - last > 120:
            last = time.time()
            torch.save({"model": ema, "step": step}, a.state / "vae-partial.pt")
    vae.load_state_dict(ema)
    if not a.decoder_only:
        fold(vae)
    torch.save({"model": vae.state_dict(), "step": step}, a.state / "vae-raw.pt")
    vae.scale_streams()
    torch.save({"model": vae.state_dict(), "step": step}, a.state / "vae.tmp")
    os.replace(a.state / "vae.tmp", path)
    print(json.dumps({"done": step, "seconds": time.time() - start}), file=log, flush=True)


@torch.no_grad()
def fold(vae):
    """Scales and shifts the latents so that mean·0.13025 has zero mean and unit variance, channel by channel."""
    rng = np.random.default_rng(5)
    zs = [vae.moments(torch.from_numpy(np.asarray(world.render(world.sample(rng), 128, 128))[None]).permute(0, 3, 1, 2).float().contiguous() / 127.5 - 1)[0] for _ in range(300)]
    z = torch.cat(zs)
    mu, sd = z.mean((0, 2, 3)), z.std((0, 2, 3)) * LATENT_SCALE
    qc, pq, n = vae.quant_conv, vae.post_quant_conv, vae.z
    pq.bias += pq.weight[:, :, 0, 0] @ mu
    pq.weight *= sd[None, :, None, None]
    qc.weight[:n] /= sd[:, None, None, None]
    qc.bias[:n] = (qc.bias[:n] - mu) / sd
    qc.bias[n:] -= 2 * sd.log()


if __name__ == "__main__":
    main()
