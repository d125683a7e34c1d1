"""Joint training of both text encoders and the UNet on pre-encoded latents.

    python3 train.py STATE_DIR --text-minutes 3                     text encoders alone (auxiliary loss)
    python3 train.py STATE_DIR --minutes 60 --big-from 0.65         everything; resumes from STATE_DIR/model.pt

The learning rate follows the wall clock (warm-up, flat, then down to a tenth), so a run ends trained whatever the
machine's speed. State (weights, averages, optimiser) is saved every four minutes.
"""
import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F

from captions import WORDS
from diffusion import ABAR, SIGMAS
from export import build
from nets import CONFIG, reduced
from text import AuxHeads, TextBatcher, adm, encode, sizes
from tokenizer import Bpe, Compact

torch.set_flush_denormal(True)


class Team:
    """Workers of one thread each that average their gradients once a step. On a machine whose cores are shared with
    other work this is several times faster than one process with a thread a core, where every operation waits for
    the slower thread."""

    def __init__(self, rank, size, state):
        self.rank, self.size = rank, size
        if size > 1:
            torch.set_num_threads(1)
            dist.init_process_group("gloo", init_method=f"file://{state.resolve()}/team", rank=rank, world_size=size)
        else:
            torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))

    def same(self, modules):
        """Everyone starts with the weights of the first."""
        if self.size > 1:
            for m in modules:
                for v in m.state_dict().values():
                    dist.broadcast(v, 0)

    def average(self, params):
        if self.size == 1:
            return
        params = [q for q in params if q.grad is not None]
        flat = torch.cat([q.grad.flatten() for q in params])
        dist.all_reduce(flat)
        flat /= self.size
        o = 0
        for q in params:
            q.grad.copy_(flat[o : o + q.numel()].view_as(q.grad))
            o += q.numel()

    def value(self, x):
        """The first worker's number, for decisions all must share."""
        if self.size == 1:
            return x
        t = torch.tensor([float(x)], dtype=torch.float64)
        dist.broadcast(t, 0)
        return t.item()


class Latents:
    """All pre-encoded chunks; looks for new ones now and then, so that encoding may go on beside training."""

    def __init__(self, state, rng):
        self.state, self.rng, self.buckets, self.seen = state, rng, {}, set()
        self.refresh()

    def refresh(self):
        for f in sorted(self.state.glob("latents-*.pt")):
            if f.name not in self.seen:
                try:
                    z = torch.load(f)
                except Exception:  # still being written
                    continue
                meta = json.loads((f.parent / f.name.replace("latents", "scenes")).with_suffix(".json").read_text())
                self.seen.add(f.name)
                self.buckets.setdefault(tuple(z.shape[2:]), []).append((z, meta))

    def draw(self, shape, n):
        chunks = self.buckets[shape]
        z, scenes = [], []
        for _ in range(n):
            c, m = chunks[self.rng.integers(len(chunks))]
            i = self.rng.integers(len(c))
            z.append(c[i])
            scenes.append(m[i])
        return torch.stack(z).float(), scenes


def timesteps(n, rng):
    """Uniform, with a fifth of the samples in the noisiest 250 levels, where colours and layout are decided."""
    t = rng.integers(0, 1000, n)
    return torch.from_numpy(np.where(rng.random(n) < 0.2, rng.integers(750, 1000, n), t))


def save(path, obj):
    tmp = path.with_suffix(".tmp")
    torch.save(obj, tmp)
    os.replace(tmp, path)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("state", type=Path)
    p.add_argument("--minutes", type=float, default=0)
    p.add_argument("--text-minutes", type=float, default=0)
    p.add_argument("--big-from", type=float, default=0.65, help="part of the time after which batches of about 256 px are mixed in")
    p.add_argument("--big-share", type=float, default=0.7, help="part of the steps that are big in the end; at first 0.45 of it")
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--text-lr", type=float, default=5e-4)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--repeat", type=int, default=4, help="noise levels per caption and picture")
    p.add_argument("--ema", type=float, default=0.995)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--workers", type=int, default=2)
    a = p.parse_args()
    (a.state / "team").unlink(missing_ok=True)
    if a.workers > 1:
        mp.spawn(work, (a,), nprocs=a.workers)
    else:
        work(0, a)


def work(rank, a):
    team = Team(rank, a.workers, a.state)
    rng = np.random.default_rng([a.seed, rank, int(time.time())])
    shared = np.random.default_rng(a.seed)  # the same draws in every worker: shapes and section counts
    torch.manual_seed(a.seed * 1000 + rank + int(time.time()))
    compact = Compact(Bpe(), WORDS)
    nets = build(compact)
    nets.pop("vae")
    width = CONFIG["te1"]["width"] + CONFIG["te2"]["width"]
    nets["aux"] = AuxHeads(CONFIG["te2"]["width"], width)
    path = a.state / "model.pt"
    ema, step, new_readers = None, 0, False
    if path.exists():
        got = torch.load(path)
        new_readers = "aux" not in got["model"]  # a state made from an exported checkpoint
        for k, m in nets.items():
            if k in got["model"]:
                m.load_state_dict(got["model"][k])
        ema, step = (got["ema"] if "unet" in got["ema"] else None), got["step"]
    team.same(nets.values())
    batcher = TextBatcher(compact, rng)
    log = open(a.state / "train.log" if rank == 0 else os.devnull, "a")
    te1, te2, unet, aux = nets["te1"], nets["te2"], nets["unet"], nets["aux"]
    text_params = [q for m in (te1, te2, aux) for q in m.parameters() if q.requires_grad]
    snapshot = lambda: {k: {n: v.detach().clone() for n, v in m.state_dict().items()} for k, m in nets.items()}

    if a.text_minutes:
        import world

        opt = torch.optim.AdamW(text_params, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        begin, i = time.time(), 0
        while (frac := team.value((time.time() - begin) / 60 / a.text_minutes)) < 1:
            for g in opt.param_groups:
                g["lr"] = 1e-3 * min(1, (i + 1) / 50) * (1 - 0.8 * frac)
            batch = batcher.draw([world.sample(rng) for _ in range(48 // a.workers)], 1, drop=0.05)
            with reduced():
                context, _, pooled, first, eos = encode(te1, te2, batch, 1)
            loss, right = aux.loss(pooled, first.float(), eos, batch[4], batch[5])
            small = context.float().square().mean() * 0.01 + pooled.square().mean() * 0.01  # keep activations modest
            opt.zero_grad(set_to_none=True)
            (loss + small).backward()
            team.average(text_params)
            torch.nn.utils.clip_grad_norm_(text_params, 1.0)
            opt.step()
            i += 1
            if i % 25 == 0:
                print(json.dumps({"text": i, "loss": round(loss.item(), 4), "right": round(right, 4), "rms": round(context.float().std().item(), 3), "seconds": round(time.time() - begin)}), file=log, flush=True)
        ema = snapshot()
        if rank == 0:
            save(path, {"model": snapshot(), "ema": ema, "step": 0})
        if not a.minutes:
            return

    latents = Latents(a.state, rng)
    ema = ema or snapshot()
    unet_params = list(unet.parameters())
    opt = torch.optim.AdamW([{"params": unet_params, "peak": a.lr}, {"params": text_params, "peak": a.text_lr}], lr=a.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    if (a.state / "optim.pt").exists() and step > 0:
        opt.load_state_dict(torch.load(a.state / "optim.pt"))
        for g, peak in zip(opt.param_groups, (a.lr, a.text_lr)):
            g["peak"] = peak
    sqrt_a, sqrt_1a = ABAR.sqrt().float(), (1 - ABAR).sqrt().float()
    weight = (1 + SIGMAS**2).sqrt() * (5 / (1 / SIGMAS**2)).clamp(max=1)  # min-SNR(5), and more for the noisy end
    weight = weight / weight.mean()
    begin = last = time.time()
    first_step, seen, losses = step, 0, []
    while (frac := team.value((time.time() - begin) / 60 / a.minutes)) < 1:
        for g in opt.param_groups:
            g["lr"] = g["peak"] * min(1, (step - first_step + 1) / (20 if first_step else 60)) * min(1, max(0.04, (1 - frac) / 0.6))
        shapes = sorted(s for s in latents.buckets if s != (16, 16))
        big = frac > a.big_from and shapes and shared.random() < a.big_share * (0.45 if frac < a.big_from + 0.35 else 1)
        shape = shapes[shared.integers(len(shapes))] if big else (16, 16)
        n = (a.batch // 4 if big else a.batch) // a.workers
        k = int(shared.choice([1, 2, 3, 4], p=[0.72, 0.18, 0.06, 0.04]))
        repeat = 2 if big else a.repeat
        z, scenes = latents.draw(shape, n // repeat)
        batch = batcher.draw(scenes, k)
        with reduced():
            context, pooled, first_pooled, first, eos = encode(te1, te2, batch, k)
        if new_readers and step - first_step < 150:  # readers that know nothing yet must not pull at encoders that do
            first_pooled, first = first_pooled.detach(), first.detach()
        aux_loss, right = aux.loss(first_pooled, first.float(), eos, batch[4], batch[5])
        several = lambda v: torch.cat([v] * repeat)
        z, y = several(z), adm(several(pooled), sizes(scenes * repeat, shape[0] * 8, shape[1] * 8, rng))
        t = timesteps(len(z), rng)
        eps = torch.randn_like(z)
        x = sqrt_a[t][:, None, None, None] * z + sqrt_1a[t][:, None, None, None] * eps
        with reduced():
            out = unet(x, t.float(), context, y).float()
        mse = (out - eps).square().mean((1, 2, 3))
        flat = F.avg_pool2d(out - eps, 4).square().mean((1, 2, 3))  # what is wrong of whole areas: their colour
        loss = ((mse + 4 * flat) * weight[t]).mean()
        opt.zero_grad(set_to_none=True)
        (loss + 0.02 * aux_loss).backward()
        team.average(unet_params + text_params)
        torch.nn.utils.clip_grad_norm_(unet_params, 1.0)
        torch.nn.utils.clip_grad_norm_(text_params, 1.0)
        opt.step()
        step += 1
        seen += len(z) * a.workers
        d = min(a.ema, (step + 1) / (step + 20))
        with torch.no_grad():
            for key in ("unet", "te1", "te2"):
                mine = nets[key].state_dict()
                names = [q for q, v in mine.items() if v.is_floating_point()]
                torch._foreach_lerp_([ema[key][q] for q in names], [mine[q] for q in names], 1 - d)
        losses.append((loss.item(), mse.mean().item(), mse[t > 750].mean().item() if (t > 750).any() else 0, aux_loss.item(), right))
        if step % 25 == 0 or step in (5, 10):
            row = dict(zip(("loss", "mse", "high", "aux", "right"), (round(float(v), 4) for v in np.mean(losses, 0))))
            print(json.dumps({"step": step, **row, "samples": seen, "seconds": round(time.time() - begin)}), file=log, flush=True)
            losses = []
        if step % 100 == 0:
            latents.refresh()
        if rank == 0 and time.time() - last > 240:
            last = time.time()
            save(path, {"model": snapshot(), "ema": ema, "step": step})
            save(a.state / "optim.pt", opt.state_dict())
    if rank == 0:
        save(path, {"model": snapshot(), "ema": ema, "step": step})
        save(a.state / "optim.pt", opt.state_dict())
    print(json.dumps({"done": step, "seconds": round(time.time() - begin)}), file=log, flush=True)


if __name__ == "__main__":
    main()
