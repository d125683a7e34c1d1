"""Draws pictures with the training state, as a sheet to look at, and measures colours and shapes.

    python3 sample.py STATE_DIR sheet.png --count 40 --width 256 --height 256 --mode default
    modes: default (dpmpp_2m_sde, karras, CFG 4), quick (12 steps of it), lightning, hyper, lcm (with --lora FILE)
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from captions import WORDS, Sections
from diffusion import Denoiser, dpmpp_2m_sde, dpmpp_sde, euler, karras, lcm, lcm_t_of, lcm_table, sgm_uniform, start
from export import build
from measure import judge
from nets import reduced
from text import adm, encode
from tokenizer import Bpe, Compact, frame

torch.set_num_threads(1)
torch.set_flush_denormal(True)
QUALITY = "cinematic still {p} . emotional, harmonious, vignette, highly detailed, high budget, bokeh, moody, epic, gorgeous, grain, grainy"
BAD = ["low quality, bad hands, bad eyes, cropped, missing fingers, extra digit", "anime, cartoon, graphic, text, painting, crayon, graphite, abstract, glitch, deformed, mutated, ugly, disfigured", ""]
MORE = "{p}, intricate, elegant, highly detailed, sharp focus, dramatic light, fine detail, magical, vivid, symmetry, great composition, cinematic, ambient, professional"


class Painter:
    def __init__(self, state, which="ema"):
        self.compact = Compact(Bpe(), WORDS)
        self.nets = build(self.compact)
        got = torch.load(Path(state) / "model.pt")[which]
        for k in ("unet", "te1", "te2"):
            self.nets[k].load_state_dict(got[k])
        self.nets["vae"].load_state_dict(torch.load(Path(state) / "vae.pt")["model"])
        for m in self.nets.values():
            m.requires_grad_(False)

    def condition(self, texts, counted):
        """texts: for each picture a list of texts (one section each)."""
        k = len(texts[0])
        framed = [frame(self.compact.text(t)) for row in texts for t in row]
        batch = [torch.tensor([f[i] for f in framed]) for i in range(3)] + [torch.tensor([counted] * len(texts))]
        context, pooled, *_ = encode(self.nets["te1"], self.nets["te2"], batch, k)
        return context, pooled

    def branch(self, texts, counted, w, h, scale, plain_only=False):
        context, pooled = self.condition(texts, counted)
        rt = lambda v: max(64, round(v / 64) * 64)
        big = [int(h * scale), int(w * scale), 0, 0, rt(h), rt(w)]
        plain = [rt(h), rt(w), 0, 0, rt(h), rt(w)]
        y = {f: adm(pooled, torch.tensor([v] * len(pooled)).float()) for f, v in ((True, big), (False, plain))}
        return context, lambda t: y[t > 699.3 and not plain_only]

    @torch.no_grad()
    def draw(self, prompts, w, h, mode="default", styles=True, seed=0, cfg=4.0, steps=30, unet=None):
        unet = unet or self.nets["unet"]
        pos = [[QUALITY.format(p=p), MORE.format(p=p)] for p in prompts] if styles else [[p] for p in prompts]
        counted = [1.0, 0.0] if styles else [1.0]
        gen = torch.Generator().manual_seed(seed)
        shape = (len(prompts), 4, h // 8, w // 8)
        if mode in ("default", "quick"):
            table = karras(steps if mode == "default" else 12)
            neg = [BAD if styles else [""] for _ in prompts]
            d = Denoiser(unet, self.branch(pos, counted, w, h, 1.5), self.branch(neg, [1.0] * len(neg[0]), w, h, 0.8), cfg)
            z = dpmpp_2m_sde(d, start(shape, table, gen), table, gen)
        else:
            cond = self.branch(pos, counted, w, h, 1.0, True)
            if mode == "lightning":
                table = sgm_uniform(4)
                z = euler(Denoiser(unet, cond), start(shape, table, gen), table)
            elif mode == "hyper":
                table = karras(4)
                z = dpmpp_sde(Denoiser(unet, cond), start(shape, table, gen), table, gen)
            else:
                table = lcm_table(8)
                z = lcm(Denoiser(unet, cond, t_of=lcm_t_of), start(shape, table, gen), table, gen)
        return self.pixels(z)

    @torch.no_grad()
    def pixels(self, z):
        with reduced():
            x = torch.cat([self.nets["vae"].from_latent(q) for q in z.split(8)])
        return ((x.float().clamp(-1, 1) + 1) * 127.5 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).numpy()


def sheet(images, columns=10):
    h, w = images[0].shape[:2]
    out = Image.new("RGB", (columns * (w + 2), -(-len(images) // columns) * (h + 2)), (60, 60, 60))
    for i, im in enumerate(images):
        out.paste(Image.fromarray(im), (i % columns * (w + 2), i // columns * (h + 2)))
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("state", type=Path)
    p.add_argument("out")
    p.add_argument("--count", type=int, default=40)
    p.add_argument("--width", type=int, default=256)
    p.add_argument("--height", type=int, default=256)
    p.add_argument("--mode", default="default")
    p.add_argument("--cfg", type=float, default=4.0)
    p.add_argument("--bare", action="store_true", help="without styles")
    p.add_argument("--lora", type=Path)
    p.add_argument("--weight", type=float, default=1.0)
    p.add_argument("--prompt", action="append", help="own prompts instead of the fixed ones")
    a = p.parse_args()
    painter = Painter(a.state)
    if a.lora:
        from lora import apply_file

        apply_file(painter.nets, a.lora, a.weight)
    fixed = json.loads(Path(__file__).with_name("eval-prompts.json").read_text())["prompts"]
    if a.prompt:
        fixed = [{"prompt": q} for q in a.prompt]
    else:
        fixed = [fixed[i * len(fixed) // a.count] if a.count < len(fixed) else fixed[i] for i in range(min(a.count, len(fixed)))]
        if a.count < 100:  # the fixed list repeats shapes every ten: step by 11 to meet them all
            every = json.loads(Path(__file__).with_name("eval-prompts.json").read_text())["prompts"]
            fixed = [every[i * 11 % 100] for i in range(a.count)]
    t = time.time()
    images = []
    for i in range(0, len(fixed), 20):
        images += list(painter.draw([f["prompt"] for f in fixed[i : i + 20]], a.width, a.height, a.mode, not a.bare, seed=i, cfg=a.cfg))
    sheet(images).save(a.out)
    if not a.prompt:
        got = [judge(im) for im in images]
        ok = {k: np.mean([g[k] == f[k] for g, f in zip(got, fixed)]) for k in ("background", "foreground", "shape")}
        print({k: round(float(v), 3) for k, v in ok.items()}, "seconds", round(time.time() - t, 1), flush=True)
        for i, (g, f) in enumerate(zip(got, fixed)):
            bad = {k: g[k] for k in ok if g[k] != f[k]}
            if bad:
                print(i, f["prompt"], bad)


if __name__ == "__main__":
    main()
