"""An image-prompt adapter: a small CLIP vision tower, a resampler, and keys and values for every cross-attention.

    python3 image_prompt.py STATE_DIR words --minutes 12           tower and resampler alone
    python3 image_prompt.py STATE_DIR train --minutes 25           everything, through the UNet, which stays as it is
    python3 image_prompt.py STATE_DIR export TOWER.safetensors ADAPTER.safetensors

Both go on from STATE_DIR/image-prompt.pt. First the tokens learn to be what the text encoders make of a sentence that says
what the picture shows, always in the same words at the same places, and linear readers of them to name it; with the UNet's own
keys and values, where the adapter's start, that already says it to the UNet. Then all of it learns through the UNet on the
denoising loss with decoupled cross-attention (IP-Adapter, Ye et al. 2023, section 3.2), mostly without a caption.
"""
import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
import torch.nn.functional as F

from export import write
from nets import HEAD, Attention, attention, reduced
from pairs import WEIGHT, Pairs, noisy_levels
from text import encode
from tokenizer import frame
from train import save
from world import COLOURS, SHAPES

torch.set_flush_denormal(True)
SIDE, PATCH, WIDTH, TOWER_HEAD, LAYERS, PROJECTED = 224, 14, 160, 80, 2, 64
INNER, DEPTH, TOKENS = 128, 3, 16
MEAN, SPREAD = (torch.tensor(v)[:, None, None] for v in ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)))


def seen(picture):
    """A picture as the tower is shown it: 224 x 224 by Lanczos, whatever its shape."""
    im = Image.fromarray(picture).resize((SIDE, SIDE), Image.LANCZOS)
    return (torch.from_numpy(np.array(im)).permute(2, 0, 1).float() / 255 - MEAN) / SPREAD


# ------------------------------------------------------------------------------------------- transformers' names

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.self_attn, self.mlp = nn.Module(), nn.Module()
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            self.self_attn.add_module(name, nn.Linear(WIDTH, WIDTH))
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        n, s = len(x), self.self_attn
        y = self.layer_norm1(x)
        heads = lambda m: m(y).reshape(n, -1, WIDTH // TOWER_HEAD, TOWER_HEAD).transpose(1, 2)
        o = F.scaled_dot_product_attention(heads(s.q_proj), heads(s.k_proj), heads(s.v_proj))
        x = x + s.out_proj(o.transpose(1, 2).reshape(n, -1, WIDTH))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.layer_norm2(x))))


def cosines():
    """Filters to start from: the slow cosines of a patch's brightness and, fewer, of its two differences of colours."""
    x = (torch.arange(PATCH) + 0.5) * math.pi / PATCH
    waves = sorted(((u, v) for u in range(PATCH) for v in range(PATCH)), key=lambda p: (p[0] + p[1], p))
    colours = [(torch.tensor(c) / torch.tensor(c).norm(), n) for c, n in (((1.0, 1.0, 1.0), 48), ((1.0, -1.0, 0.0), 24), ((1.0, 1.0, -2.0), 24))]
    out = torch.randn(WIDTH, 3, PATCH, PATCH) * 0.005
    made = [c[:, None, None] * torch.outer((x * u).cos(), (x * v).cos()) for c, n in colours for u, v in waves[:n]]
    out[: len(made)] += torch.stack(made) / PATCH**2 * 1.5
    return out


def places():
    """Positions to start from: sinusoids of row and column, in periods of 2 to 64 patches; nothing for the class's."""
    side, each = SIDE // PATCH, WIDTH // 4
    f = 2 * math.pi / 2 ** torch.linspace(1, 6, each)
    line = torch.arange(side)[:, None] * f
    wave = torch.cat([line.sin(), line.cos()], 1)
    grid = torch.cat([wave[:, None].expand(-1, side, -1), wave[None].expand(side, -1, -1)], 2).reshape(side * side, -1)
    return torch.cat([torch.zeros(1, WIDTH), grid]) * 0.4


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        v = self.vision_model = nn.Module()
        v.embeddings, v.encoder = nn.Module(), nn.Module()
        v.embeddings.class_embedding = nn.Parameter(torch.randn(WIDTH) * 0.02)
        v.embeddings.patch_embedding = nn.Conv2d(3, WIDTH, PATCH, stride=PATCH, bias=False)
        v.embeddings.position_embedding = nn.Embedding((SIDE // PATCH) ** 2 + 1, WIDTH)
        with torch.no_grad():
            v.embeddings.patch_embedding.weight[:] = cosines()
            v.embeddings.position_embedding.weight[:] = places()
        v.pre_layrnorm, v.post_layernorm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        v.encoder.layers = nn.ModuleList(Block() for _ in range(LAYERS))
        self.visual_projection = nn.Linear(WIDTH, PROJECTED, bias=False)
        for q in (*v.encoder.layers[-1].parameters(), *v.post_layernorm.parameters(), self.visual_projection.weight):
            q.requires_grad_(False)  # nobody looks at the last layer

    def forward(self, pictures):
        v = self.vision_model
        x = v.embeddings.patch_embedding(pictures).flatten(2).transpose(1, 2)
        x = torch.cat([v.embeddings.class_embedding.expand(len(x), 1, -1), x], 1) + v.embeddings.position_embedding.weight
        x = v.pre_layrnorm(x)
        for layer in v.encoder.layers[:-1]:
            x = layer(x)
        return x


# ------------------------------------------------------------------------------------------ the adapter's own names

class Look(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(INNER), nn.LayerNorm(INNER)
        self.to_q, self.to_kv, self.to_out = (nn.Linear(INNER, k * INNER, bias=False) for k in (1, 2, 1))

    def forward(self, x, latents):
        a, b = self.norm1(x), self.norm2(latents)
        heads = lambda t: t.reshape(len(t), -1, INNER // HEAD, HEAD).transpose(1, 2)
        k, v = self.to_kv(torch.cat([a, b], 1)).chunk(2, -1)
        o = attention(heads(self.to_q(b)), heads(k), heads(v))
        return self.to_out(o.transpose(1, 2).reshape(len(x), -1, INNER))


class Resampler(nn.Module):
    def __init__(self, context):
        super().__init__()
        self.latents = nn.Parameter(torch.randn(1, TOKENS, INNER) * INNER**-0.5)
        self.proj_in, self.proj_out, self.norm_out = nn.Linear(WIDTH, INNER), nn.Linear(INNER, context), nn.LayerNorm(context)
        feed = lambda: nn.Sequential(nn.LayerNorm(INNER), nn.Linear(INNER, 4 * INNER, bias=False), nn.GELU(), nn.Linear(4 * INNER, INNER, bias=False))
        self.layers = nn.ModuleList(nn.ModuleList([Look(), feed()]) for _ in range(DEPTH))

    def forward(self, features):
        x = self.proj_in(features)
        latents = self.latents.expand(len(x), -1, -1)
        for look, feed in self.layers:
            latents = latents + look(x, latents)
            latents = latents + feed(latents)
        return self.norm_out(self.proj_out(latents))


@torch.no_grad()
def start_looking(tower, resampler):
    """Starts each of the sixteen as one that looks at its own place of the picture, of four by four: with no place to look at
    all of them would see the mean of all patches, which has colours but no shapes."""
    v = tower.vision_model
    # How strong a wave is, whatever its sign: what is an edge between any two colours.
    block, waves = v.encoder.layers[0], [*range(1, 41), *range(49, 61), *range(73, 85)]
    block.self_attn.out_proj.weight *= 0.1
    block.mlp.fc2.weight *= 0.1
    for k, at in enumerate(waves):
        for unit, sign in ((2 * k, 4.0), (2 * k + 1, -4.0)):
            block.mlp.fc1.weight[unit], block.mlp.fc1.bias[unit] = 0, 0
            block.mlp.fc1.weight[unit, at] = sign
            block.mlp.fc2.weight[:, unit] = 0
            block.mlp.fc2.weight[96 + k, unit] = 0.75
    nn.init.orthogonal_(resampler.proj_in.weight)
    nn.init.zeros_(resampler.proj_in.bias)
    lines = torch.tensor([2, 6, 9, 13])
    at = 1 + (lines[:, None] * (SIDE // PATCH) + lines).flatten()
    resampler.latents[0] = resampler.proj_in(v.pre_layrnorm(v.embeddings.position_embedding.weight[at]))
    first, same = resampler.layers[0][0], torch.eye(INNER)
    first.to_q.weight.copy_(same)
    first.to_kv.weight.copy_(torch.cat([same, same]))
    first.to_out.weight.copy_(same * 0.7)


def crossings(unet):
    """The cross-attentions in diffusers' order: down, up, middle."""
    for part in (unet.input_blocks, unet.output_blocks, unet.middle_block):
        yield from (m for name, m in part.named_modules() if isinstance(m, Attention) and name.endswith("attn2"))


class Speaker(nn.Module):
    """Keys and values of the picture at every cross-attention; `tokens` and `weight` are set before the UNet is asked."""

    def __init__(self, unet):
        super().__init__()
        self.sites, self.tokens, self.weight = list(crossings(unet)), None, 1.0
        own = lambda m: nn.Parameter(m.weight.detach().clone())
        self.keys = nn.ParameterList(own(m.to_k) for m in self.sites)
        self.values = nn.ParameterList(own(m.to_v) for m in self.sites)
        for i, site in enumerate(self.sites):
            site.forward = self._forward(site, i)

    def _forward(self, site, i):
        def run(x, context):
            n, q, c = x.shape
            split = lambda t: t.reshape(n, -1, site.heads, HEAD).transpose(1, 2)
            every = lambda t: t if len(t) == n else t.repeat(n // len(t), 1, 1)
            ask = split(site.to_q(x))
            out = attention(ask, split(every(site.to_k(context))), split(every(site.to_v(context))))
            if self.tokens is not None:
                k, v = F.linear(self.tokens, self.keys[i]), F.linear(self.tokens, self.values[i])
                out = out + self.weight * attention(ask, split(every(k)), split(every(v)))
            return site.to_out(out.transpose(1, 2).reshape(n, q, c))
        return run


# ------------------------------------------------------------------------------------------------------ training

def sentence(s):
    """What a scene shows, the words of colours, shape and ground always at the same places."""
    o, c = s["objects"][0], s["colours"]
    ground = {"plain": f"{c[0]} plain", "gradient": f"{c[0]} gradient", "stripes": f"{c[0]} stripes", "checkerboard": f"{c[0]} checkerboard", "night sky": "navy night", "paper": "beige paper"}[s["bg"]]
    size = o.get("size") or "medium"
    more = "" if len(c) == 1 else f" {c[-1]}"
    return f"a {size} {o['colour']} {o['shape']} on a {ground} background{more}"


HEADS = {"colour": COLOURS, "shape": SHAPES, "ground": COLOURS}


def labels(scenes):
    o = [s["objects"][0] for s in scenes]
    return [torch.tensor(v) for v in ([COLOURS.index(q["colour"]) for q in o], [SHAPES.index(q["shape"]) for q in o], [COLOURS.index(s["colours"][0]) for s in scenes])]


class Learner:
    def __init__(self, a):
        torch.set_num_threads(1)
        self.a, self.path = a, a.state / "image-prompt.pt"
        self.pairs = Pairs(a.state, a.state, a.seed)
        self.unet = self.pairs.nets["unet"]
        context = next(crossings(self.unet)).to_k.in_features
        self.parts = nn.ModuleDict({"tower": Tower(), "resampler": Resampler(context), "speaker": Speaker(self.unet)})
        start_looking(self.parts["tower"], self.parts["resampler"])
        self.readers = nn.Linear(TOKENS * context, sum(map(len, HEADS.values())))
        self.step, self.average, self.drawn = 0, None, []
        if a.what == "words":  # of which no latents are needed
            for f in sorted(a.state.glob("scenes-*.npy")):
                self.drawn += zip(np.load(f, mmap_mode="r"), json.loads(f.with_suffix(".json").read_text()))
        self.log = open(a.state / "image-prompt.log", "a")
        if self.path.exists():
            got = torch.load(self.path)
            own = got["model"] if got["through the UNet"] else {k: v for k, v in got["model"].items() if not k.startswith("speaker")}
            self.parts.load_state_dict(own, strict=got["through the UNet"])
            self.readers.load_state_dict(got["readers"])
            self.step, self.through = got["step"], got["through the UNet"]
            self.average = got["average"] if self.through else None
        self.average = self.average or {k: v.clone() for k, v in self.parts.state_dict().items()}

    def keep(self, through):
        save(self.path, {"model": self.parts.state_dict(), "average": self.average, "readers": self.readers.state_dict(), "step": self.step, "through the UNet": through})

    def tokens(self, pictures):
        with reduced():
            return self.parts["resampler"](self.parts["tower"](pictures)).float()

    @torch.no_grad()
    def said(self, scenes):
        """The context at the places of the sentence's words, which are as many as there are tokens (the end is repeated)."""
        framed = [frame(self.pairs.compact.text(sentence(s))) for s in scenes]
        batch = [torch.tensor([f[i] for f in framed]) for i in range(3)] + [torch.ones(len(framed))]
        return encode(self.pairs.nets["te1"], self.pairs.nets["te2"], batch, 1)[0][:, 1 : 1 + TOKENS].float()

    def named(self, tokens, scenes):
        logits, at, loss, right = self.readers(tokens.flatten(1)), 0, 0.0, []
        for size, wanted in zip(map(len, HEADS.values()), labels(scenes)):
            loss = loss + F.cross_entropy(logits[:, at : at + size], wanted)
            right.append((logits[:, at : at + size].argmax(1) == wanted).float().mean().item())
            at += size
        return loss, right

    def run(self, through):
        """`through` the UNet, or words alone."""
        a = self.a
        slow = [q for k in ("tower", "resampler") for q in self.parts[k].parameters() if q.requires_grad] + list(self.readers.parameters())
        groups = [{"params": slow, "k": 0.4 if through else 1.0}]
        if through:
            groups.append({"params": list(self.parts["speaker"].parameters()), "k": 1.0})
        opt = torch.optim.AdamW(groups, lr=a.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        begin, last, first, sums = time.time(), time.time(), self.step, []
        while (frac := (time.time() - begin) / 60 / a.minutes) < 1:
            for g in opt.param_groups:
                g["lr"] = g["k"] * a.lr * min(1, (self.step - first + 1) / 30) * min(1, max(0.03, (1 - frac) / 0.6))
            loss, row = (self.through_unet if through else self.words)()
            opt.zero_grad(set_to_none=True)
            loss.backward()
            for g in opt.param_groups:
                torch.nn.utils.clip_grad_norm_(g["params"], 1.0)
            opt.step()
            self.step += 1
            with torch.no_grad():
                mine = self.parts.state_dict()
                torch._foreach_lerp_([self.average[k] for k in mine], list(mine.values()), 1 - min(0.98, (self.step - first) / (self.step - first + 10)))
            sums.append([loss.item(), *row])
            if self.step % 20 == 0 or self.step == first + 1:
                print(json.dumps({"step": self.step, "loss and parts": [round(float(v), 4) for v in np.mean(sums, 0)], "seconds": round(time.time() - begin)}), file=self.log, flush=True)
                sums = []
            if time.time() - last > 120:
                last = time.time()
                self.keep(through)
        if not through:
            self.average = {k: v.clone() for k, v in self.parts.state_dict().items()}
        self.keep(through)

    def words(self):
        pictures, scenes = zip(*(self.drawn[i] for i in self.pairs.rng.integers(len(self.drawn), size=self.a.batch)))
        tokens = self.tokens(torch.stack([seen(p) for p in pictures]))
        wanted = self.said(scenes)
        off = F.mse_loss(tokens, wanted) / wanted.var()
        loss, right = self.named(tokens, scenes)
        return off + 0.1 * loss, [off.item(), *right]

    def through_unet(self):
        pairs, rng = self.pairs, self.pairs.rng
        shape = pairs.shape(self.a.big_share)
        big = shape != (16, 16)
        n, repeat = (self.a.batch // 8, 2) if big else (self.a.batch // 2, 2)
        z, pictures, scenes = pairs.take(shape, n)
        shown = torch.stack([seen(p) for p in pictures])
        blank = torch.from_numpy(rng.random(n) < 0.08)
        blank[0] = False  # someone must be there to name
        shown[blank] = 0  # what the branch without a picture is given
        context, y = pairs.words(scenes, shape, 0.7)
        tokens = self.tokens(shown)
        speaker = self.parts["speaker"]
        speaker.tokens, speaker.weight = tokens, float(rng.uniform(0.5, 1.0))
        t = noisy_levels(n * repeat, rng)
        x, eps = pairs.noise(torch.cat([z] * repeat), t)
        with reduced():
            out = self.unet(x, t.float(), context, torch.cat([y] * repeat)).float()
        mse, flat = (out - eps).square().mean((1, 2, 3)), F.avg_pool2d(out - eps, 4).square().mean((1, 2, 3))
        loss = ((mse + 4 * flat) * WEIGHT[t]).mean()
        named, right = self.named(tokens[~blank], [s for s, b in zip(scenes, blank) if not b])
        high = mse[t > 700].mean().item() if (t > 700).any() else 0.0
        return loss + 0.01 * named, [mse.mean().item(), high, *right]

    def export(self, tower, adapter):
        self.parts.load_state_dict(self.average)
        half = lambda v: v.detach().half().contiguous()
        t = {k: half(v) for k, v in self.parts["tower"].state_dict().items()}
        for k in t:  # the last layer and what follows it are never asked: a layer that changes nothing
            if f"layers.{LAYERS - 1}." in k and "norm" not in k:
                t[k].zero_()
        note = lambda title: {"format": "pt", "modelspec.title": title, "modelspec.license": "MIT"}
        write(t, tower, note("fooocusd demo CLIP vision tower"))
        out = {f"image_proj.{k}": half(v) for k, v in self.parts["resampler"].state_dict().items()}
        for i, (k, v) in enumerate(zip(self.parts["speaker"].keys, self.parts["speaker"].values)):
            out[f"ip_adapter.{2 * i + 1}.to_k_ip.weight"], out[f"ip_adapter.{2 * i + 1}.to_v_ip.weight"] = half(k), half(v)
        write(out, adapter, note("fooocusd demo image prompt adapter"))
        print({name: (len(part), sum(v.numel() for v in part.values())) for name, part in (("tower", t), ("adapter", out))})


def main():
    p = argparse.ArgumentParser()
    p.add_argument("state", type=Path)
    p.add_argument("what", choices=["words", "train", "export"])
    p.add_argument("out", nargs="*", type=Path)
    p.add_argument("--minutes", type=float, default=12)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--big-share", type=float, default=0.3)
    p.add_argument("--seed", type=int, default=71)
    a = p.parse_args()
    learner = Learner(a)
    if a.what == "export":
        learner.export(*a.out)
    else:
        learner.run(a.what == "train")


if __name__ == "__main__":
    main()
