"""Tiny model files of the modes that start from pictures, and small pictures to start from.

Weights are windows into one table of random numbers (tiny.py), so that the packed files stay small. Files that Fooocus has
as pickles are pickles here: a patch with one pair of bounds a tensor, one with a pair a row, and a deflated one.
"""

import io
import re
import zipfile

import numpy as np
import torch
from PIL import Image, ImageDraw

import tiny

HEAD = "fooocus_inpaint_head.pth"
UPSCALER = "fooocus_upscaler_s409985e5.bin"
PATCHES = {"v1": "inpaint.fooocus.patch", "v2.5": "inpaint_v25.fooocus.patch", "v2.6": "inpaint_v26.fooocus.patch"}
VAE = "tiny-narrow-vae.safetensors"


def narrow_vae():
    """A VAE of one width, under the names that a file of its own has: a large picture costs a quarter of the tiny one's."""
    mult = tiny.VAE_MULT
    tiny.VAE_MULT = (1, 1, 1, 1)
    try:
        tensors = tiny.vae()
    finally:
        tiny.VAE_MULT = mult
    return {key.removeprefix("first_stage_model."): value for key, value in tensors.items()}


def upscaler():
    """An RRDB network of one block that makes four times the size, in the spelling of Fooocus' file.

    Around the block it passes the picture on, with some texture: what it makes has the contrast of a picture, which the
    normalisations of a VAE need.
    """
    w, width, growth = tiny.Writer(torch.float16), 8, 32

    def passing(name, inner, outer):
        w.conv(name, inner, outer, 3)
        for part in ("weight", "bias"):
            w.tensors[f"{name}.{part}"] *= 2.0**-4
        for colour in range(3):
            w.tensors[f"{name}.weight"][colour, colour, 1, 1] += 1

    passing("model.0", 3, width)
    for dense in (1, 2, 3):
        for conv in (1, 2, 3, 4, 5):
            outer = growth if conv < 5 else width
            w.conv(f"model.1.sub.0.residual_block_{dense}.conv{conv}.0", width + (conv - 1) * growth, outer, 3)
    w.conv("model.1.sub.1", width, width, 3)
    for part in ("weight", "bias"):
        w.tensors[f"model.1.sub.1.{part}"] *= 2.0**-4
    for name in ("model.3", "model.6", "model.8"):
        passing(name, width, width)
    passing("model.10", width, 3)
    return w.tensors


def inpaint_head():
    w = tiny.Writer(torch.float32)
    w.put("head", [tiny.UNET["mc"], 5, 3, 3], tiny.power(45))
    return w.tensors


def seeing(controlnet):
    """With twice the weights where the picture comes in: eight convolutions of the tiny size would leave biases and no picture."""
    sees = re.compile(r"input_hint_block\..*\.weight")
    return {key: value * 2 if sees.fullmatch(key) else value for key, value in controlnet.items()}


class Bytes(tiny.Writer):
    """Eight-bit differences and what they stand for, as (values, least, greatest)."""

    def __init__(self, period=tiny.PERIOD):
        super().__init__(torch.float32)
        self.bytes = (127.5 + 40 * self.table[:period]).round().clamp(0, 255).to(torch.uint8)

    def difference(self, name, shape, scale, rows):
        count = torch.Size(shape).numel()
        self.offset = (self.offset * 31 + 977) % tiny.PERIOD
        values = self.bytes[(torch.arange(count) + self.offset) % len(self.bytes)].reshape(shape)
        bounds = [shape[0]] + [1] * (len(shape) - 1) if rows else []
        around = torch.arange(torch.Size(bounds).numel()) + self.offset
        spread = (self.table[around % tiny.PERIOD] / 16).reshape(bounds)
        self.tensors[name] = (values, (spread - 1) * scale / 2, (spread + 1) * scale / 2)


def inpaint_patch(rows, vectors, period=tiny.PERIOD):
    """Differences of the tiny UNet's weights, and of its vectors too if these are wanted."""
    w = Bytes(period)
    for name, tensor in tiny.unet().items():
        if tensor.dim() == 1 and not vectors:
            continue
        scale = 0.125 if tensor.dim() == 1 else tiny.power(tensor[0].numel())
        w.difference(name.removeprefix("model."), list(tensor.shape), scale, rows)
    return w.tensors


def deflated(tensors):
    """torch.save's bytes with every entry compressed."""
    plain, packed = io.BytesIO(), io.BytesIO()
    torch.save(tensors, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(zipfile.ZipInfo(entry.filename), source.read(entry), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def picture(width, height, seed, shapes=14, wave=18):
    """Bars, discs and a slow wave, so that every colour and some edges occur."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = [wave * np.sin(2 * np.pi * (a * x + b * y)) for a, b in rng.uniform(-2, 2, (3, 2))]
    base = Image.new("RGB", (width, height), tuple(int(v) for v in rng.integers(60, 200, 3)))
    draw = ImageDraw.Draw(base)
    for _ in range(shapes):
        left, top, across, down = rng.uniform(0, 1, 4) * (width, height, width / 3, height / 3)
        box = [int(left), int(top), int(left + across), int(top + down)]
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
    return Image.fromarray(np.clip(np.array(base) + np.stack(waves, -1), 0, 255).astype(np.uint8))


def glass():
    """A picture whose right half is half there."""
    image = picture(120, 90, 8)
    image.putalpha(Image.fromarray(np.tile(np.where(np.arange(120) < 60, 255, 100).astype(np.uint8), (90, 1))))
    return image


def mask(width, height, box, colour=(255, 255, 255), mode="RGB", ellipse=False):
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    (draw.ellipse if ellipse else draw.rectangle)(box, fill=colour)
    return image.convert(mode)


def pictures():
    """What requests name, by file name."""
    return {
        "wide.png": picture(160, 112, 1),
        "odd.png": picture(101, 77, 2),
        "tall.png": picture(96, 144, 3),
        "middle.png": picture(200, 168, 4),
        "large.png": picture(301, 263, 5),
        "huge.png": picture(1003, 1001, 6, shapes=40, wave=0),
        "long.png": picture(700, 100, 7, wave=0),
        "glass.png": glass(),
        "mask-wide.png": mask(160, 112, [48, 30, 96, 70], mode="L"),
        "mask-odd.png": mask(101, 77, [40, 20, 66, 50], ellipse=True),
        "mask-red.png": mask(83, 90, [20, 30, 50, 60], (255, 0, 0), ellipse=True),
        "mask-grey.png": mask(160, 112, [20, 20, 90, 90], (128, 128, 128)),
        "mask-tall.png": mask(96, 144, [30, 60, 33, 64], mode="1"),
        "mask-large.png": mask(301, 263, [180, 80, 214, 118], mode="L", ellipse=True),
    }
