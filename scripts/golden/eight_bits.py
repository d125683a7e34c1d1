"""Writes the goldens of layers in 8 bits: what numpy's whole numbers answer for the same method. Its answers, weights and inputs
are test/golden/eight-bits.safetensors.

    python3 scripts/golden/eight_bits.py

Needs numpy, torch and safetensors. Weights are coded a channel at a time by its largest value, rows by theirs, the features of a
picture between their lowest and highest; products are sums of whole numbers, exact.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).parents[2] / "test/golden"
f32 = np.float32


def coded(weight):
    """Codes of a weight [out, ...] from -127 to 127, and their scales [out]."""
    rows = weight.reshape(len(weight), -1).astype(np.float64)
    largest = np.abs(rows).max(1)
    factors = np.divide(127, largest, out=np.zeros_like(largest), where=largest > 0)
    codes = np.floor(rows * factors[:, None] + 0.5).astype(np.int64).reshape(weight.shape)
    return codes, (largest / 127).astype(f32)


def linear(x, weight, bias=None):
    """x [R, in] and weight [out, in] in 8 bits."""
    codes, scales = coded(weight)
    worth = np.abs(x).max(1, keepdims=True).astype(f32) * f32(1 / 127)
    safe = np.where(worth == 0, 1, worth)
    rows = np.rint(x / safe).clip(-128, 127).astype(np.int64)
    y = (rows @ codes.T).astype(f32) * scales * worth
    return y if bias is None else y + bias


def geglu(x, weight, bias):
    value, gate = np.split(linear(x, weight, bias), 2, axis=1)
    return value * torch.nn.functional.gelu(torch.from_numpy(gate)).numpy()


def conv(x, weight, bias, stride, pads):
    """x [N, in, H, W] and weight [out, in, kh, kw] in 8 bits; pads top, left, bottom, right."""
    codes, scales = coded(weight)
    answers = []
    for picture in x:
        low, high = min(picture.min(), f32(0)), max(picture.max(), f32(0))
        worth = f32(f32(high - low) * f32(1 / 255)) + f32(1e-30)
        zero = np.rint(-low / worth)
        top, left, bottom, right = pads
        wide = np.pad(picture, [(0, 0), (top, bottom), (left, right)])
        whole = (np.rint(wide / worth) + zero).clip(0, 255) - zero
        exact = torch.nn.functional.conv2d(torch.from_numpy(whole)[None].double(), torch.from_numpy(codes).double(), stride=stride)
        answers.append((exact[0].numpy() * scales[:, None, None] * worth).astype(f32) + bias[:, None, None])
    return np.stack(answers)


def pointwise(x, weight, bias):
    n, c, h, w = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, c)
    y = linear(np.ascontiguousarray(rows), weight[:, :, 0, 0], bias)
    return y.reshape(n, h, w, -1).transpose(0, 3, 1, 2)


def main():
    random = np.random.default_rng(15)
    normal = lambda *shape: random.standard_normal(shape).astype(f32)
    rows = normal(7, 96)
    rows[2] *= 100  # one row must not disturb the others
    rows[4] = 0
    rows[5, 3] = 40
    weights = {
        "linear.weight": normal(80, 96), "linear.bias": normal(80),
        "geglu.weight": normal(256, 96) / 8, "geglu.bias": normal(256),
        "conv.weight": normal(24, 16, 3, 3), "conv.bias": normal(24),
        "point.weight": normal(24, 16, 1, 1), "point.bias": normal(24),
    }
    weights["linear.weight"][3] = 0
    features = normal(2, 16, 9, 12)
    features[1] *= 30
    features[0] = np.maximum(features[0], f32(-0.25))
    weights |= {"second.weight": normal(80, 128), "second.bias": normal(80)}
    get = weights.__getitem__
    out = {
        **weights, "rows": rows, "features": features,
        "linear.answer": linear(rows, get("linear.weight"), get("linear.bias")),
        "geglu.answer": geglu(rows, get("geglu.weight"), get("geglu.bias")),
        "second.answer": linear(geglu(rows, get("geglu.weight"), get("geglu.bias")), get("second.weight"), get("second.bias")),
        "conv.answer": conv(features, get("conv.weight"), get("conv.bias"), 1, (1, 1, 1, 1)),
        "down.answer": conv(features, get("conv.weight"), get("conv.bias"), 2, (1, 1, 1, 1)),
        "uneven.answer": conv(features, get("conv.weight"), get("conv.bias"), 2, (0, 0, 1, 1)),
        "point.answer": pointwise(features, get("point.weight"), get("point.bias")),
    }
    save_file({key: torch.from_numpy(np.ascontiguousarray(value)).float() for key, value in out.items()}, FOLDER / "eight-bits.safetensors")


main()
