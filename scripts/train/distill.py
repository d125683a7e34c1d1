"""Few-step LoRAs. First the teacher's trajectories (base model with guidance, many small deterministic steps through
every noise level that one of the fast modes asks for), then one adapter a mode, trained to jump.

    python3 distill.py STATE_DIR trajectories --seed 1 --minutes 5         one thread; run one process a core
    python3 distill.py STATE_DIR trajectories --student LORA               most of them from where a student's first jumps lead
    python3 distill.py STATE_DIR lightning OUT.safetensors --minutes 6     also: hyper, lcm

lightning: the Euler step from each level of its table must land where the teacher is at the next level.
hyper, lcm: the estimate at each level the sampler visits must be the picture where the teacher's path ends.
"""
import argparse
import copy
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import world
from captions import WORDS
from diffusion import Denoiser, SIGMAS, karras, lcm_t_of, lcm_table, sgm_uniform, t_of
from export import build
from lora import Adapter, apply_file
from nets import UNet, reduced
from text import TextBatcher, adm, encode
from tokenizer import Bpe, Compact
from train import Team
from widen import OLD

SHAPES = [(16, 16), (32, 32), (24, 40)]  # latent height and width
HYPER = karras(4)
MIDS = [math.sqrt(a * b) for a, b in zip(HYPER[:3], HYPER[1:])]
LEVELS = {"lightning": sgm_uniform(4)[:-1], "hyper": sorted(HYPER[:-1] + MIDS, reverse=True), "lcm": lcm_table(8)[:-1]}
STRENGTH = {"lightning": 1.0, "hyper": 0.8, "lcm": 1.0}


def union():
    """All levels of all modes, from the highest, near-equal ones merged, ending with 0."""
    out = []
    for s in sorted({s for v in LEVELS.values() for s in v}, reverse=True):
        if not out or out[-1] / s > 1.09:
            out.append(s)
    dense = [out[0]]
    for s in out[1:]:
        gap = dense[-1] / s
        n = max(1, math.ceil(math.log(gap) / 0.5)) if s > 0.1 else 1
        dense += [dense[-1] * gap ** (-(i + 1) / n) for i in range(n - 1)] + [s]
    return dense + [0.0]


def nearest(table, sigma):
    return min(range(len(table) - 1), key=lambda j: abs(math.log(table[j] / sigma)))


def load(state):
    compact = Compact(Bpe(), WORDS)
    nets = build(compact)
    nets.pop("vae")
    got = torch.load(state / "model.pt")["ema"]
    for k, m in nets.items():
        m.load_state_dict(got[k])
        m.requires_grad_(False)
    return compact, nets


def plain_size(pooled, h, w):
    rt = lambda v: max(64, round(v * 8 / 64) * 64)
    return adm(pooled, torch.tensor([[rt(h), rt(w), 0, 0, rt(h), rt(w)]] * len(pooled)).float())


@torch.no_grad()
def trajectories(a):
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    compact, nets = load(a.state)
    if a.teacher:
        nets["unet"] = UNet(**OLD).requires_grad_(False)
        nets["unet"].load_state_dict(torch.load(a.teacher))
    jumper = copy.deepcopy(nets["unet"])
    if a.student:
        apply_file({"unet": jumper}, a.student, 1.0)
    batcher, table, begin, n = TextBatcher(compact, rng), union(), time.time(), 0
    print("levels", len(table), [round(s, 3) for s in table], flush=True)
    while time.time() - begin < a.minutes * 60:
        h, w = SHAPES[int(rng.choice(3, p=[0.4, 0.4, 0.2]))]
        b = 32 if h == 16 else 8
        scenes = [world.sample(rng) for _ in range(b)]
        k = int(rng.choice([1, 2]))
        with reduced():
            text = batcher.draw(scenes, k, drop=0)
            context, pooled, *_ = encode(nets["te1"], nets["te2"], text, k)
            nothing, nopool, *_ = encode(nets["te1"], nets["te2"], batcher.draw(scenes, 1, drop=1), 1)
        y, ny = plain_size(pooled, h, w), plain_size(nopool, h, w)
        d = Denoiser(nets["unet"], (context, lambda t: y), (nothing, lambda t: ny), a.cfg)
        x = torch.randn(b, 4, h, w) * math.sqrt(1 + table[0] ** 2)
        xs, old, h_last, first = [x.half()], None, None, 0
        # A student must also know the way on from where it lands itself, which is not quite where the teacher was.
        if a.student and rng.random() < 0.7:
            own = Denoiser(jumper, (context, lambda t: y))
            steps = [nearest(table, s) for s in LEVELS["lightning"][: int(rng.integers(2, 5))]]
            for i, j in zip(steps, steps[1:]):
                x = x + (x - own(x, table[i])) / table[i] * (table[j] - table[i])
            first = steps[-1]
            xs += [torch.full_like(x, math.nan).half()] * (first - 1) + [x.half()]
        for s, nxt in zip(table[first:], table[first + 1 :]):  # second order, deterministic
            D = d(x, s) if s > 0.3 else d.one(d.cond, x, s)  # below, guidance changes nothing one would see
            if nxt == 0:
                x = D
            else:
                step = math.log(s / nxt)
                E = D if old is None else D + (D - old) * step / h_last / 2
                x = (nxt / s) * x + (1 - math.exp(-step)) * E
                old, h_last = D, step
            xs.append(x.half())
        torch.save({"xs": torch.stack(xs), "context": context.half(), "pooled": pooled.half(), "shape": (h, w), "first": first}, a.state / f"path-{a.seed}-{n:04d}.tmp")
        os.rename(a.state / f"path-{a.seed}-{n:04d}.tmp", a.state / f"path-{a.seed}-{n:04d}.pt")
        n += 1


def student(rank, a):
    team = Team(rank, a.workers, a.state)
    rng = np.random.default_rng([a.seed, rank])
    torch.manual_seed(a.seed)
    _, nets = load(a.state)
    unet = nets["unet"]
    adapter = Adapter(unet, a.rank).attach()
    if a.start:
        adapter.load(a.start)
    adapter.strength = STRENGTH[a.what]
    team.same([adapter])
    params = list(adapter.parameters())
    average = [p.detach().clone() for p in params]
    opt = torch.optim.AdamW(params, lr=a.lr, betas=(0.9, 0.98), weight_decay=0, fused=True)
    table, levels = union(), LEVELS[a.what]
    index = [nearest(table, s) for s in levels]
    paths = [torch.load(f) for f in sorted(a.state.glob("path-*.pt"))]
    log = open(a.state / f"{a.what}.log" if rank == 0 else os.devnull, "a")
    step, begin, sums = 0, time.time(), []
    while (frac := team.value((time.time() - begin) / 60 / a.minutes)) < 1:
        for g in opt.param_groups:
            g["lr"] = a.lr * min(1, (step + 1) / 30) * max(0.03, 1 - frac)
        p = paths[rng.integers(len(paths))]
        n = p["xs"].shape[1]
        take = torch.from_numpy(rng.permutation(n)[: (32 if p["shape"][0] == 16 else 8)])
        known = [q for q, at in enumerate(index) if at >= p.get("first", 0)]
        i = rng.choice(known, len(take))
        j = np.array(index)[i]
        sigma = torch.tensor([table[q] for q in j])
        x = torch.stack([p["xs"][q, r] for q, r in zip(j, take)]).float()
        end = p["xs"][-1, take].float()
        if a.what == "lightning":
            nxt = [index[q + 1] if q + 1 < len(index) else len(table) - 1 for q in i]
            x2 = torch.stack([p["xs"][q, r] for q, r in zip(nxt, take)]).float()
            s2 = torch.tensor([table[q] for q in nxt])
            v = lambda t: t[:, None, None, None]
            target = x - v(sigma) * (x2 - x) / v(s2 - sigma)
        else:
            target = end
        t = torch.tensor([float((lcm_t_of if a.what == "lcm" else t_of)(s)) for s in sigma])
        with reduced():
            eps = unet(x / (sigma**2 + 1).sqrt()[:, None, None, None], t, p["context"][take].float(), plain_size(p["pooled"][take].float(), *p["shape"])).float()
        d = x - sigma[:, None, None, None] * eps
        off = d - target
        # What is wrong of whole areas (their colour) counts more than the same error spread as grain.
        error = off.square().mean((1, 2, 3)) + 4 * F.avg_pool2d(off, 4).square().mean((1, 2, 3))
        loss = ((error + 1e-3).sqrt() - 1e-3**0.5).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        team.average(params)
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        step += 1
        with torch.no_grad():
            torch._foreach_lerp_(average, params, 1 - min(0.98, step / (step + 10)))
        sums.append([error[torch.from_numpy(i == q)].mean().item() for q in range(len(levels))])
        if step % 25 == 0:
            print(json.dumps({"step": step, "error by level": [round(float(v), 4) for v in np.nanmean(sums, 0)], "seconds": round(time.time() - begin)}), file=log, flush=True)
            sums = []
    with torch.no_grad():
        for q, v in zip(params, average):
            q.copy_(v)
    if rank == 0:
        adapter.save(a.out, f"fooocusd demo {a.what}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("state", type=Path)
    p.add_argument("what", choices=["trajectories", *LEVELS])
    p.add_argument("out", nargs="?")
    p.add_argument("--minutes", type=float, default=5)
    p.add_argument("--cfg", type=float, default=2.0, help="the teacher's guidance; more of it bends colours")
    p.add_argument("--teacher", type=Path, help="for trajectories of a UNet before widen.py: its weights")
    p.add_argument("--student", type=Path, help="for trajectories: a Lightning LoRA for that UNet")
    p.add_argument("--rank", type=int, default=8)
    p.add_argument("--start", help="go on from this LoRA")
    p.add_argument("--lr", type=float, default=1.5e-3)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--workers", type=int, default=2)
    a = p.parse_args()
    if a.what == "trajectories":
        return trajectories(a)
    (a.state / "team").unlink(missing_ok=True)
    if a.workers == 1:
        return student(0, a)
    torch.multiprocessing.spawn(student, (a,), nprocs=a.workers)


if __name__ == "__main__":
    main()
