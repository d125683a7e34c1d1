"""What inpainting adds to a picture, written a second time in torch, numpy, Pillow and OpenCV: the head and the patch of the
denoising network on tiny files, the masked denoiser, and what is done with pixels before and after. Writes
test/golden/inpaint.safetensors, inpaint-pixels.json, and the tiny files inpaint-head.pth and inpaint-patch*.patch.

    python3 scripts/golden/inpaint.py

Needs torch, diffusers, transformers, safetensors, Pillow, numpy and OpenCV.
"""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from safetensors.torch import save_file

import tiny
from networks import noise, unet_case, unet_of

GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
PREFIX = "model.diffusion_model."

# Each is a tensor of the tiny network, and the axes its range has numbers of its own for: none, the rows, or both ends alike.
PATCHED = {
    "input_blocks.0.0.weight": "rows",
    "input_blocks.1.0.in_layers.0.weight": "scalar",
    "input_blocks.1.0.in_layers.0.bias": "scalar",
    "input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight": "rows",
    "time_embed.0.weight": "scalar",
    "output_blocks.8.0.skip_connection.weight": "rows",
    "out.2.weight": "rows",
    "out.2.bias": "scalar",
}


def codes(shape, seed):
    count = int(np.prod(shape))
    return ((torch.arange(count) * (2 * seed + 37) + 11 * seed) % 256).to(torch.uint8).reshape(shape)


def ends(shape, kind, seed):
    if kind == "scalar":
        return torch.tensor(-0.03 - seed / 200), torch.tensor(0.04 + seed / 300)
    rows = (shape[0],) + (1,) * (len(shape) - 1)
    low = -0.05 - noise(900 + seed, *rows).abs() / 20
    return low.half(), (low + 0.08 + noise(950 + seed, *rows).abs() / 20).half()


def patch_of(weights):
    made = {}
    for seed, (name, kind) in enumerate(PATCHED.items()):
        shape = tuple(weights[PREFIX + name].shape)
        made["diffusion_model." + name] = (codes(shape, seed), *ends(shape, kind, seed))
    return made


def difference(q, low, high):
    return q.float() / 255 * (high.float() - low.float()) + low.float()


def deflated(path, thing):
    """As torch writes it, packed once more as other programs do: members deflated, without descriptors."""
    buffer = io.BytesIO()
    torch.save(thing, buffer)
    with zipfile.ZipFile(buffer) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in archive.namelist():
            packed.writestr(zipfile.ZipInfo(name), archive.read(name), zipfile.ZIP_DEFLATED)


def head_feature(head, hole, picture):
    return F.conv2d(F.pad(torch.cat([hole, picture], 1), (1, 1, 1, 1), "replicate"), head)


def network_cases():
    weights = tiny.checkpoint()
    patch = patch_of(weights)
    deflated(GOLDEN / "inpaint-patch.patch", patch)
    torch.save(patch, GOLDEN / "inpaint-patch-legacy.patch", _use_new_zipfile_serialization=False)
    head = noise(1000, 32, 5, 3, 3) / 8
    deflated(GOLDEN / "inpaint-head.pth", {"head": head})
    hole = (noise(1001, 1, 1, 9, 7) > 0).float()
    picture = noise(1002, 1, 4, 9, 7)
    feature = head_feature(head, hole, picture)
    made = {"inpaint-head.hole": hole, "inpaint-head.picture": picture, "inpaint-head.feature": feature}
    for key, entry in patch.items():
        own = PREFIX + key.removeprefix("diffusion_model.")
        weights[own] = weights[own].float() + difference(*entry)
        made["patched." + key.removeprefix("diffusion_model.")] = weights[own].clone()
    # Weights of one type only, as diffusers loads them.
    model = unet_of({key: value.float() for key, value in weights.items()})
    model.conv_in.register_forward_hook(lambda _module, _inputs, answer: answer + feature)
    # The inputs of the case unet-odd of networks.py.
    made["unet-inpaint.prediction"] = unet_case(model, 21, 1, 9, 7, 154, [499.0])["prediction"]
    return made


def masked_cases():
    """Four calls of the masked denoiser around D = x / (1 + sigma^2), and Euler's steps through it."""
    made = {}
    sigmas = [14.5, 4.0, 1.2, 0.3, 0.0]
    for name, seed in (("small", 7), ("large", 2**63 - 1)):
        clean, hole = noise(41, 1, 4, 6, 5), (noise(42, 1, 1, 6, 5) > 0).float()
        own = torch.Generator().manual_seed((seed + 1) % (2**63 - 1))
        x = noise(43, 1, 4, 6, 5) * sigmas[0]
        made |= {f"masked.{name}.clean": clean, f"masked.{name}.hole": hole, f"masked.{name}.x": x.clone()}
        for i, (sigma, lower) in enumerate(zip(sigmas, sigmas[1:])):
            seen = x * hole + (clean + torch.randn(x.shape, generator=own) * sigma) * (1 - hole)
            estimate = seen / (1 + sigma**2) * hole + clean * (1 - hole)
            made |= {f"masked.{name}.seen.{i}": seen, f"masked.{name}.estimate.{i}": estimate}
            x = x + (x - estimate) / sigma * (lower - sigma)
        made[f"masked.{name}.end"] = x
    return made


# ---- pixels


def picture_of(height, width):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((x * 3 + y * 5 + c * 67 + (x * y // 16)) % 256).astype(np.uint8)


def resized(image, width, height):
    """Rows first, whatever the shape, as Pillow did before its version 13."""
    rows = Image.fromarray(image).resize((width, image.shape[0]), Image.Resampling.LANCZOS)
    return np.array(rows.resize((width, height), Image.Resampling.LANCZOS))


def number(height, width):
    return int(np.ceil((height * width) ** 0.5 / 64.0) * 64)


def fitted(height, width, wanted):
    """Both sides become multiples of 64, even where the number fits from the start."""
    for turn in range(256):
        present = number(height, width)
        if present == wanted and turn > 0:
            break
        factor = wanted / present
        height, width = (int(round(side * factor / 64.0) * 64) for side in (height, width))
    return height, width


def area(mask, field):
    rows, columns = np.where(mask > 0)
    tall, wide = mask.shape
    middle = [(int(a.max()) + int(a.min())) // 2 for a in (rows, columns)]
    half = max((int(a.max()) - int(a.min())) // 2 for a in (rows, columns))
    reach = int(half * 1.15)
    top, bottom, left, right = middle[0] - reach, middle[0] + reach + 1, middle[1] - reach, middle[1] + reach + 1
    clamped = lambda t, b, l, r: (max(t, 0), min(b, tall), max(l, 0), min(r, wide))  # noqa: E731
    top, bottom, left, right = clamped(top, bottom, left, right)
    if field == 1:
        return 0, tall, 0, wide
    while bottom - top < tall * field or right - left < wide * field:
        up = bottom - top < right - left
        grow_up, grow_across = up or right - left == wide, not up or bottom - top == tall
        if grow_up:
            top, bottom = top - 1, bottom + 1
        if grow_across:
            left, right = left - 1, right + 1
        top, bottom, left, right = clamped(top, bottom, left, right)
    return top, bottom, left, right


FILL = [(512, 2), (256, 2), (128, 4), (64, 4), (33, 8), (15, 8), (5, 16), (3, 16)]


def filled(image, mask):
    made, kept = image.copy(), mask < 127
    for radius, times in FILL:
        for _ in range(times):
            made = np.array(Image.fromarray(made).filter(ImageFilter.BoxBlur(radius)))
            made[kept] = image[kept]
    return made


def soft(mask):
    made = np.where(mask > 127, 256, 0).astype(np.int16)
    for _ in range(32):
        made = np.maximum(made, cv2.dilate(made, np.ones((3, 3), np.uint8)) - 8)
    return np.clip(made, 0, 255).astype(np.uint8)


def pasted(picture, content, box, weights):
    top, bottom, left, right = box
    made = picture.copy()
    made[top:bottom, left:right] = resized(content, right - left, bottom - top)
    w = weights[..., None].astype(np.float32) / 255
    return (made.astype(np.float32) * w + picture.astype(np.float32) * (1 - w)).clip(0, 255).astype(np.uint8)


def told(array):
    return {"shape": list(array.shape), "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()}


# height, width, rows and columns of the hole, field, the size number that working pictures have
PIXEL_CASES = {
    "middle": (100, 120, (40, 60), (50, 61), 0.618, 128),
    "corner": (77, 101, (0, 9), (90, 101), 0.3, 192),
    "whole": (96, 64, (0, 96), (0, 64), 0.5, 128),
    "field 0": (90, 140, (30, 47), (100, 104), 0.0, 128),
    "field 1": (131, 65, (100, 131), (0, 20), 1.0, 128),
}


def pixel_cases():
    made = {}
    for name, (height, width, rows, columns, field, wanted) in PIXEL_CASES.items():
        image, mask = picture_of(height, width), np.zeros((height, width), np.uint8)
        mask[rows[0] : rows[1], columns[0] : columns[1]] = 255
        box = area(mask, field)
        top, bottom, left, right = box
        # A small part is enlarged before it is fitted; by whom shows in its pixels, not in its size.
        scale = 4 if number(bottom - top, right - left) < wanted else 1
        tall, wide = fitted(scale * (bottom - top), scale * (right - left), wanted)
        working = resized(image[top:bottom, left:right], wide, tall)
        hole = np.where(resized(mask[top:bottom, left:right], wide, tall) > 127, 255, 0).astype(np.uint8)
        content = 255 - working
        made[name] = {
            "area": list(box),
            "working": told(working),
            "hole": told(hole),
            "fill": told(filled(working, hole)),
            "soft": told(soft(mask)),
            "result": told(pasted(image, content, box, soft(mask))),
        }
    return made


with torch.no_grad():
    tensors = {**network_cases(), **masked_cases()}
save_file({key: value.contiguous() for key, value in tensors.items()}, GOLDEN / "inpaint.safetensors")
(GOLDEN / "inpaint-pixels.json").write_text(json.dumps(pixel_cases(), indent=1) + "\n")
