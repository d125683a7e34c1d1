"""Trains the demo's upscaler: an ESRGAN generator (RRDBNet, x4; Wang 2018, arXiv 1809.00219) that is small, and faithful
rather than inventive: L1 against the sharp picture, and L1 of the enlarged picture shrunk again against what was enlarged.

    python3 upscaler.py train STATE_DIR --minutes 50       checkpoints every three minutes, goes on from one that is there
    python3 upscaler.py measure STATE_DIR                  PSNR beside Pillow's Lanczos on pictures that were held out
    python3 upscaler.py export STATE_DIR OUT.safetensors   fp16

Pictures: the demo's own little world (`world.py`), drawn here, and photographs that scikit-image and scikit-learn carry
(public domain, CC0; `china.jpg` is CC BY 2.0). `astronaut.png`, `flower.jpg` and the scenes of other seeds are never trained on.
"""
import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import world

torch.set_num_threads(1)
torch.set_flush_denormal(True)

FEATURES, GROWTH, BLOCKS, SCALE = 32, 16, 3, 4
PHOTOGRAPHS = [
    "skimage/chelsea.png", "skimage/coffee.png", "skimage/rocket.jpg", "skimage/hubble_deep_field.jpg", "skimage/retina.jpg",
    "skimage/camera.png", "skimage/brick.png", "skimage/grass.png", "skimage/gravel.png", "sklearn/china.jpg",
]
HELD_OUT = ["skimage/astronaut.png", "sklearn/flower.jpg"]
SHRINKERS = [Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BOX]


def leaky(x):
    return F.leaky_relu(x, 0.2)


class DenseBlock(nn.Module):
    def __init__(self):
        super().__init__()
        for k in range(5):
            wide = FEATURES if k == 4 else GROWTH
            setattr(self, f"conv{k + 1}", nn.Conv2d(FEATURES + k * GROWTH, wide, 3, 1, 1))

    def forward(self, x):
        seen = [x]
        for k in range(4):
            seen.append(leaky(getattr(self, f"conv{k + 1}")(torch.cat(seen, 1))))
        return x + 0.2 * self.conv5(torch.cat(seen, 1))


class Rrdb(nn.Module):
    def __init__(self):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = DenseBlock(), DenseBlock(), DenseBlock()

    def forward(self, x):
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RrdbNet(nn.Module):
    def __init__(self):
        super().__init__()
        same = lambda: nn.Conv2d(FEATURES, FEATURES, 3, 1, 1)
        self.conv_first = nn.Conv2d(3, FEATURES, 3, 1, 1)
        self.body = nn.Sequential(*[Rrdb() for _ in range(BLOCKS)])
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = same(), same(), same(), same()
        self.conv_last = nn.Conv2d(FEATURES, 3, 3, 1, 1)
        self.start_as_bilinear()

    def start_as_bilinear(self):
        """The first three channels carry the picture: nearest x2 and a 1 2 1 filter, twice, is exactly bilinear x4. Values are
        never negative there, so that the leaky ReLUs let them pass. Training only adds what bilinear lacks."""
        tent = torch.tensor([1.0, 2.0, 1.0]) / 4
        tent, point = torch.outer(tent, tent), torch.zeros(3, 3)
        point[1, 1] = 1
        with torch.no_grad():
            for m in self.modules():
                if isinstance(m, nn.Conv2d):
                    nn.init.kaiming_normal_(m.weight, a=0.2)
                    m.weight.mul_(0.5 if m.weight.shape[0] == GROWTH else 0.2)
                    m.bias.zero_()
            for conv, kernel in ((self.conv_first, point), (self.conv_up1, tent), (self.conv_up2, tent), (self.conv_hr, point), (self.conv_last, point)):
                conv.weight[:3] = 0
                for c in range(3):
                    conv.weight[c, c] = kernel
            self.conv_body.weight[:3] *= 0.1

    def forward(self, x):
        h = self.conv_first(x)
        h = h + self.conv_body(self.body(h))
        for up in (self.conv_up1, self.conv_up2):
            h = leaky(up(F.interpolate(h, scale_factor=2, mode="nearest")))
        return self.conv_last(leaky(self.conv_hr(h)))


def photograph(name):
    package, file = name.split("/")
    if package == "skimage":
        import skimage
        path = Path(skimage.__file__).parent / "data" / file
    else:
        import sklearn.datasets
        path = Path(sklearn.datasets.__file__).parent / "images" / file
    return Image.open(path).convert("RGB")


def scenes(count, seed, size):
    rng = np.random.default_rng(seed)
    return [world.render(world.sample(rng), size, size).convert("RGB") for _ in range(count)]


def sharp_pictures():
    """Photographs as they are and at half their size (their own softness is gone there), and scenes of three sizes."""
    photos = [photograph(n) for n in PHOTOGRAPHS]
    photos += [p.resize((p.width // 2, p.height // 2), Image.Resampling.LANCZOS) for p in photos]
    drawn = scenes(60, 501, 256) + scenes(60, 502, 384) + scenes(60, 503, 512)
    return photos, drawn


def pairs(pictures, rng, batch, side):
    """A batch of small pictures and what they were shrunk from, 0 to 1. Shrunk before cutting would be seen at the border
    only: a crop is shrunk by itself, as a picture that somebody sends has an end too."""
    low, high = [], []
    for _ in range(batch):
        some = pictures[int(rng.random() < 0.45)]
        p = some[rng.integers(len(some))]
        s = side * SCALE
        x, y = int(rng.integers(0, p.width - s + 1)), int(rng.integers(0, p.height - s + 1))
        c = p.crop((x, y, x + s, y + s))
        turn = int(rng.integers(8))
        if turn >= 4:
            c = c.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        c = c.rotate(90 * (turn % 4))
        colours = rng.permutation(3)
        low.append(np.asarray(c.resize((side, side), SHRINKERS[rng.integers(3)]))[..., colours])
        high.append(np.asarray(c)[..., colours])
    tensor = lambda a: torch.from_numpy(np.stack(a)).permute(0, 3, 1, 2).float() / 255
    return tensor(low), tensor(high)


def train(a):
    a.state.mkdir(parents=True, exist_ok=True)
    path = a.state / "upscaler.pt"
    torch.manual_seed(a.seed)
    net = RrdbNet().to(memory_format=torch.channels_last)
    average = {k: v.clone() for k, v in net.state_dict().items()}
    optim = torch.optim.Adam(net.parameters(), lr=a.lr, betas=(0.9, 0.99))
    done, spent = 0, 0.0
    if path.exists():
        kept = torch.load(path, weights_only=True)
        net.load_state_dict(kept["net"])
        optim.load_state_dict(kept["optim"])
        average, done, spent = kept["average"], kept["step"], kept["minutes"]
    rng = np.random.default_rng([a.seed, done])
    pictures = sharp_pictures()
    begun = time.time() - spent * 60
    saved, sums, counted = time.time(), np.zeros(2), 0
    minutes = lambda: (time.time() - begun) / 60
    while minutes() < a.minutes:
        part = minutes() / a.minutes
        for g in optim.param_groups:
            g["lr"] = a.lr * max(0.02, 0.5 + 0.5 * math.cos(math.pi * part)) * min(1, (done + 1) / 50)
        low, high = pairs(pictures, rng, a.batch, a.side)
        # Half the arithmetic in bfloat16; the last quarter in float32, which a level of 255 needs.
        with torch.autocast("cpu", torch.bfloat16, enabled=part < 0.75):
            made = net(low.to(memory_format=torch.channels_last))
        made = made.float()
        sharp = (made - high).abs().mean()
        again = (F.avg_pool2d(made, SCALE) - F.avg_pool2d(high, SCALE)).abs().mean()
        loss = sharp + 0.5 * again
        optim.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optim.step()
        done += 1
        sums += [sharp.item(), again.item()]
        counted += 1
        keep = min(0.998, 1 - 1 / (1 + done / 4))
        with torch.no_grad():
            for k, v in net.state_dict().items():
                average[k].lerp_(v, 1 - keep)
        if done % 100 == 0:
            print(f"step {done} minutes {minutes():.1f} L1 {sums[0] / counted:.5f} shrunk {sums[1] / counted:.5f}", flush=True)
            sums[:], counted = 0, 0
        if time.time() - saved > 180 or minutes() >= a.minutes:
            saved = time.time()
            torch.save({"net": net.state_dict(), "optim": optim.state_dict(), "average": average, "step": done, "minutes": minutes()}, path.with_suffix(".new"))
            os.replace(path.with_suffix(".new"), path)


def averaged(state):
    net = RrdbNet()
    net.load_state_dict({k: v.half().float() for k, v in torch.load(state / "upscaler.pt", weights_only=True)["average"].items()})
    return net.eval()


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))


def measure(a):
    """Each held-out picture shrunk by 4 (Lanczos) and enlarged again, by us and by Lanczos; and by how much the enlarged one
    shrunk once more (Lanczos) differs from what was enlarged, mean over pixels in levels."""
    net = averaged(a.state)
    drawn = scenes(12, 901, 512)
    for name, picture in [(n, photograph(n)) for n in HELD_OUT] + [(f"scene {i}", s) for i, s in enumerate(drawn)]:
        picture = picture.crop((0, 0, picture.width // 4 * 4, picture.height // 4 * 4))
        small = picture.resize((picture.width // 4, picture.height // 4), Image.Resampling.LANCZOS)
        with torch.no_grad():
            x = torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1)[None].float() / 255
            ours = (net(x)[0].permute(1, 2, 0) * 255).clamp(0, 255).to(torch.uint8).numpy()
        lanczos = np.asarray(small.resize(picture.size, Image.Resampling.LANCZOS))
        back = np.asarray(Image.fromarray(ours).resize(small.size, Image.Resampling.LANCZOS)).astype(float)
        off = np.abs(back - np.asarray(small)).mean()
        sharp = np.asarray(picture)
        print(f"{name}: PSNR ours {psnr(ours, sharp):.2f} Lanczos {psnr(lanczos, sharp):.2f}, shrunk again off by {off:.2f}")


def export(a):
    a.out.parent.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.half().contiguous() for k, v in averaged(a.state).state_dict().items()}
    save_file(tensors, str(a.out), metadata={"format": "pt", "modelspec.title": "fooocusd demo upscaler", "modelspec.license": "MIT"})


def main():
    p = argparse.ArgumentParser()
    sub = p.add_subparsers(required=True)
    for name, does in (("train", train), ("measure", measure), ("export", export)):
        s = sub.add_parser(name)
        s.set_defaults(does=does)
        s.add_argument("state", type=Path)
        if name == "train":
            s.add_argument("--minutes", type=float, default=50)
            s.add_argument("--batch", type=int, default=8)
            s.add_argument("--side", type=int, default=32)
            s.add_argument("--lr", type=float, default=6e-4)
            s.add_argument("--seed", type=int, default=41)
        if name == "export":
            s.add_argument("out", type=Path)
    a = p.parse_args()
    a.does(a)


if __name__ == "__main__":
    main()
