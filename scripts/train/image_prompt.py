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
from multiprocessing import Pool
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
import world
from world import COLOURS, SHAPES

torch.set_flush_denormal(True)
# The tower is shown 224 x 224 pixels in sixteen patches; here it learns from as many means of 4 x 4, and `export` has its first
# convolution take the means.
SIDE, MEANS, PATCH, WIDTH, TOWER_HEAD, LAYERS, PROJECTED = 224, 4, 14, 160, 80, 4, 64
SEEN = SIDE // MEANS
INNER, DEPTH, TOKENS = 128, 3, 16
MEAN, SPREAD = (torch.tensor(v)[:, None, None] for v in ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)))


def seen(picture):
    """A picture as the tower is shown it: 224 x 224 by Lanczos, whatever its shape; the means of that, in eight bits."""
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.LANCZOS).reduce(MEANS))


def normalised(pictures):
    """[n, 3, height, width] from 0 to 255 as the tower wants it."""
    return (pictures.float() / 255 - MEAN) / SPREAD


def glance(seed):
    """A scene of one thing, and how the tower is shown it; 4 ms."""
    rng = np.random.default_rng(seed)
    s = None
    while s is None or s["relation"] or s["count"] > 1:
        s = world.sample(rng)
    return np.asarray(world.render(s, SIDE // 2, SIDE // 2).reduce(MEANS // 2)), s


class Glances:
    """Many small pictures, kept in STATE_DIR/glances, each seen a little larger, smaller, aside or mirrored every time."""

    def __init__(self, state, count, rng):
        kept, self.rng = state / "glances.npy", rng
        if not kept.exists():
            with Pool(1) as pool:
                got = pool.map(glance, range(9_000_000, 9_000_000 + count), chunksize=50)
            np.save(kept, np.stack([g[0] for g in got]))
            kept.with_suffix(".json").write_text(json.dumps([g[1] for g in got]))
        self.pictures = torch.from_numpy(np.load(kept)).permute(0, 3, 1, 2).contiguous()
        self.scenes = json.loads(kept.with_suffix(".json").read_text())

    def draw(self, n):
        """(pictures, their numbers)."""
        at = torch.from_numpy(self.rng.integers(len(self.pictures), size=n))
        size, mirror, aside = np.exp(self.rng.uniform(-0.1, 0.1, n)), self.rng.choice([-1.0, 1.0], n), self.rng.uniform(-0.06, 0.06, (n, 2))
        how = torch.zeros(n, 2, 3)
        how[:, 0, 0], how[:, 1, 1], how[:, :, 2] = torch.from_numpy(size * mirror), torch.from_numpy(size), torch.from_numpy(aside)
        x = self.pictures[at].float()
        return F.grid_sample(x, F.affine_grid(how, x.shape, align_corners=False), padding_mode="border", align_corners=False), at


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
    colours = [(torch.tensor(c) / torch.tensor(c).norm(), n) for c, n in (((1.0, 1.0, 1.0), 80), ((1.0, -1.0, 0.0), 32), ((1.0, 1.0, -2.0), 32))]
    out = torch.randn(WIDTH, 3, PATCH, PATCH) * 0.3 / PATCH
    made = [c[:, None, None] * torch.outer((x * u).cos(), (x * v).cos()) for c, n in colours for u, v in waves[:n]]
    out[: len(made)] += torch.stack(made) / PATCH**2 * 3
    return out


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        v = self.vision_model = nn.Module()
        v.embeddings, v.encoder = nn.Module(), nn.Module()
        v.embeddings.class_embedding = nn.Parameter(torch.randn(WIDTH) * 0.02)
        v.embeddings.patch_embedding = nn.Conv2d(3, WIDTH, PATCH, stride=PATCH, bias=False)
        v.embeddings.position_embedding = nn.Embedding((SEEN // PATCH) ** 2 + 1, WIDTH)
        with torch.no_grad():
            v.embeddings.patch_embedding.weight[:] = cosines()
            v.embeddings.position_embedding.weight[:] = torch.randn(v.embeddings.position_embedding.weight.shape) * 0.3
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
        self.readers = nn.Linear(TOKENS * context, sum(map(len, HEADS.values())))
        self.step, self.average, self.shown = 0, None, {}
        if a.what == "words":
            self.glances = Glances(a.state, a.glances, self.pairs.rng)
            self.labels = torch.stack(labels(self.glances.scenes), 1)
            parts = [self.glances.scenes[i : i + 64] for i in range(0, len(self.glances.scenes), 64)]
            self.wanted = torch.cat([self.said(p).half() for p in parts])
            with torch.no_grad():  # a token starts as large as a word
                for q, v in zip(self.parts["resampler"].norm_out.parameters(), torch.std_mean(self.wanted.float(), (0, 1))):
                    q.copy_(v)
                self.readers.weight /= self.wanted.float().std()
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

    def named(self, tokens, known):
        logits, at, loss, right = self.readers(tokens.flatten(1)), 0, 0.0, []
        for size, wanted in zip(map(len, HEADS.values()), known):
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
            if self.step % (20 if through else 200) == 0 or self.step == first + 1:
                print(json.dumps({"step": self.step, "loss and parts": [round(float(v), 4) for v in np.mean(sums, 0)], "seconds": round(time.time() - begin)}), file=self.log, flush=True)
                sums = []
            if time.time() - last > 120:
                last = time.time()
                self.keep(through)
        if not through:
            self.average = {k: v.clone() for k, v in self.parts.state_dict().items()}
        self.keep(through)

    def words(self):
        pictures, at = self.glances.draw(self.a.batch)
        tokens, wanted = self.tokens(normalised(pictures)), self.wanted[at].float()
        off = F.mse_loss(tokens, wanted) / wanted.var()
        loss, right = self.named(tokens, self.labels[at].unbind(1))
        return self.a.weight * off + loss, [off.item(), *right]

    def show(self, picture):
        key = picture.tobytes()[:3000] + picture[len(picture) // 2].tobytes()
        if key not in self.shown:
            self.shown[key] = seen(picture)
        return self.shown[key]

    def through_unet(self):
        pairs, rng = self.pairs, self.pairs.rng
        shape = pairs.shape(self.a.big_share)
        big = shape != (16, 16)
        n, repeat = (self.a.batch // 8, 2) if big else (self.a.batch // 2, 2)
        z, pictures, scenes = pairs.take(shape, n)
        shown = normalised(torch.from_numpy(np.stack([self.show(p) for p in pictures])).permute(0, 3, 1, 2))
        blank = torch.from_numpy(rng.random(n) < 0.08)
        blank[0] = False  # someone must be there to name
        shown[blank] = 0  # what the branch without a picture is given
        context, y = pairs.words(scenes, shape, self.a.wordless)
        tokens = self.tokens(shown)
        speaker = self.parts["speaker"]
        speaker.tokens, speaker.weight = tokens, float(rng.uniform(0.5, 1.0))
        t = noisy_levels(n * repeat, rng)
        x, eps = pairs.noise(torch.cat([z] * repeat), t)
        with reduced():
            out = self.unet(x, t.float(), context, torch.cat([y] * repeat)).float()
        mse, flat = (out - eps).square().mean((1, 2, 3)), F.avg_pool2d(out - eps, 4).square().mean((1, 2, 3))
        loss = ((mse + 4 * flat) * WEIGHT[t]).mean()
        named, right = self.named(tokens[~blank], labels([s for s, b in zip(scenes, blank) if not b]))
        high = mse[t > 700].mean().item() if (t > 700).any() else 0.0
        return loss + 0.01 * named, [mse.mean().item(), high, *right]

    def export(self, tower, adapter):
        self.parts.load_state_dict(self.average)
        half = lambda v: v.detach().half().contiguous()
        t = {k: half(v) for k, v in self.parts["tower"].state_dict().items()}
        for k in t:  # the last layer and what follows it are never asked: a layer that changes nothing
            if f"layers.{LAYERS - 1}." in k and "norm" not in k:
                t[k].zero_()
        first = "vision_model.embeddings.patch_embedding.weight"
        t[first] = half(self.parts["tower"].state_dict()[first].repeat_interleave(MEANS, 2).repeat_interleave(MEANS, 3) / MEANS**2)
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
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--weight", type=float, default=1, help="of what the words are against what they name")
    p.add_argument("--glances", type=int, default=12000)
    p.add_argument("--wordless", type=float, default=0.7, help="share without a caption")
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
