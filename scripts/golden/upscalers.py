"""Writes the goldens of super-resolution: small upscalers in every spelling and scale, and what PyTorch makes of a picture
with them; and of one picture what tiles blended as Fooocus blends them give.

    python3 scripts/golden/upscalers.py

Needs torch, safetensors and the zstd program. The network is written from the papers (ESRGAN: Wang et al. 2018; the two ways past of ESRGAN+:
Rakotonirina & Rasoanaivo 2020; folding of pixels: Wang et al. 2021) and the names that each tool gives its tensors.
"""

import math
import subprocess
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
MODELS = FOLDER / "models"
FEATURES, GROWTH, BLOCKS = 4, 2, 1


def weights(seed, channels=3, ups=2, plus=False, blocks=BLOCKS):
    """Random, large enough that every branch shows in the answer; exact in float16."""
    rng = torch.Generator().manual_seed(seed)
    out = {}

    def conv(name, inner, outer, size=3, bias=True):
        normal = torch.randn(outer, inner, size, size, generator=rng)
        out[f"{name}.weight"] = (normal / math.sqrt(inner * size * size)).half()
        if bias:
            out[f"{name}.bias"] = (0.1 * torch.randn(outer, generator=rng)).half()

    conv("conv_first", channels, FEATURES)
    for block in range(blocks):
        for dense in range(1, 4):
            at = f"body.{block}.rdb{dense}"
            for n in range(1, 6):
                conv(f"{at}.conv{n}", FEATURES + (n - 1) * GROWTH, GROWTH if n < 5 else FEATURES)
            if plus:
                conv(f"{at}.conv1x1", FEATURES, GROWTH, size=1, bias=False)
    conv("conv_body", FEATURES, FEATURES)
    for up in range(1, ups + 1):
        conv(f"conv_up{up}", FEATURES, FEATURES)
    conv("conv_hr", FEATURES, FEATURES)
    conv("conv_last", FEATURES, 3)
    return out


def leaky(x):
    return F.leaky_relu(x, 0.2)


class RrdbNet:
    """The generator in float32, from tensors in Real-ESRGAN's names."""

    def __init__(self, tensors):
        self.t = {key: value.float() for key, value in tensors.items()}
        self.fold = math.isqrt(self.t["conv_first.weight"].shape[1] // 3)
        self.ups = sum(1 for key in self.t if key.startswith("conv_up") and key.endswith("weight"))
        self.scale = 2**self.ups // self.fold

    def conv(self, name, x):
        weight = self.t[f"{name}.weight"]
        return F.conv2d(x, weight, self.t.get(f"{name}.bias"), padding=weight.shape[2] // 2)

    def dense(self, at, x):
        plus = f"{at}.conv1x1.weight" in self.t
        x1 = leaky(self.conv(f"{at}.conv1", x))
        x2 = leaky(self.conv(f"{at}.conv2", torch.cat([x, x1], 1)))
        if plus:
            x2 = x2 + self.conv(f"{at}.conv1x1", x)
        x3 = leaky(self.conv(f"{at}.conv3", torch.cat([x, x1, x2], 1)))
        x4 = leaky(self.conv(f"{at}.conv4", torch.cat([x, x1, x2, x3], 1)))
        if plus:
            x4 = x4 + x2
        return x + 0.2 * self.conv(f"{at}.conv5", torch.cat([x, x1, x2, x3, x4], 1))

    def features(self, x):
        first = self.conv("conv_first", F.pixel_unshuffle(x, self.fold) if self.fold > 1 else x)
        h, block = first, 0
        while f"body.{block}.rdb1.conv1.weight" in self.t:
            inner = h
            for dense in (1, 2, 3):
                inner = self.dense(f"body.{block}.rdb{dense}", inner)
            h, block = h + 0.2 * inner, block + 1
        return first + self.conv("conv_body", h)

    def pixels(self, h):
        for up in range(1, self.ups + 1):
            h = leaky(self.conv(f"conv_up{up}", F.interpolate(h, scale_factor=2, mode="nearest")))
        return self.conv("conv_last", leaky(self.conv("conv_hr", h)))

    def __call__(self, x):
        """Any size: mirrored at the right and lower end to a multiple of the fold, and cut off again."""
        height, width = x.shape[2:]
        more = [-width % self.fold, -height % self.fold]
        x = F.pad(x, (0, more[0], 0, more[1]), "reflect")
        return self.pixels(self.features(x))[:, :, : height * self.scale, : width * self.scale]


def sequence(tensors, dense="RDB"):
    """The names of ESRGAN before 2020: a sequence with the blocks inside. Fooocus' file says `residual_block_` for RDB."""
    blocks = 1 + max(int(key.split(".")[1]) for key in tensors if key.startswith("body."))
    ups = sum(1 for key in tensors if key.startswith("conv_up") and key.endswith("weight"))
    places = {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}"}
    places |= {f"conv_up{up}": f"model.{3 * up}" for up in range(1, ups + 1)}
    places |= {"conv_hr": f"model.{3 * ups + 2}", "conv_last": f"model.{3 * ups + 4}"}
    out = {}
    for key, value in tensors.items():
        name, end = key.rsplit(".", 1)
        if name.startswith("body."):
            _, block, rdb, conv = name.split(".")
            inner = "" if conv == "conv1x1" else ".0"
            out[f"model.1.sub.{block}.{dense}{rdb[3]}.{conv}{inner}.{end}"] = value
        else:
            out[f"{places[name]}.{end}"] = value
    return out


def trunk(tensors):
    """The names of ESRGAN's own code."""
    places = {"conv_body": "trunk_conv", "conv_up1": "upconv1", "conv_up2": "upconv2", "conv_hr": "HRconv"}
    out = {}
    for key, value in tensors.items():
        name, end = key.rsplit(".", 1)
        name = name.replace("body.", "RRDB_trunk.").replace("rdb", "RDB") if name.startswith("body.") else places.get(name, name)
        out[f"{name}.{end}"] = value
    return out


def wrapped(prefix, tensors):
    return {prefix + key: value for key, value in tensors.items()}


def typed(dtype, tensors):
    return {key: value.to(dtype).contiguous() for key, value in tensors.items()}


def networks():
    """The networks that files hold, by the name of their answers."""
    nets = {
        "x4": weights(1, blocks=2),
        "x4-small": weights(10),
        "x4-bf16": typed(torch.bfloat16, weights(11)),
        "x2-folded": weights(2, channels=12),
        "x1-folded": weights(3, channels=48),
        "x2": weights(4, ups=1),
        "x1": weights(5, ups=0),
        "x8": weights(6, ups=3),
        "plus": weights(7, plus=True),
    }
    return nets


def read_files(nets):
    """Every kind of file that is read: its name, which network it holds, and how it is written."""
    x4, small, plus = nets["x4"], nets["x4-small"], nets["plus"]
    half, single = torch.float16, torch.float32
    return {
        "real-x4.safetensors": ("x4", x4),
        "real-x4-f32.safetensors": ("x4-small", typed(single, small)),
        "real-x4-bf16.safetensors": ("x4-bf16", nets["x4-bf16"]),
        "real-x4-ema.pth": ("x4-small", {"params": typed(half, weights(8)), "params_ema": typed(single, small)}),
        "real-x4-ema.safetensors": ("x4-small", wrapped("params.", weights(8)) | wrapped("params_ema.", small)),
        "real-x4-params.pth": ("x4-small", {"params": small}),
        "real-x4-params.safetensors": ("x4-small", wrapped("params.", small)),
        "real-x4-module.pt": ("x4-small", wrapped("module.", small)),
        "real-x2.pth": ("x2-folded", {"params_ema": typed(single, nets["x2-folded"])}),
        "real-x1.pth": ("x1-folded", {"params": typed(single, nets["x1-folded"])}),
        "fooocus.bin": ("x4", sequence(x4, "residual_block_")),
        "old-x4.pth": ("x4", typed(single, sequence(x4))),
        "old-x4-net-g.safetensors": ("x4-small", wrapped("netG.", sequence(small))),
        "old-x4-legacy.pth": ("x4-small", typed(single, sequence(small))),
        "old-x1.pth": ("x1", sequence(nets["x1"])),
        "old-x2.pth": ("x2", sequence(nets["x2"])),
        "old-x8.pth": ("x8", sequence(nets["x8"])),
        "old-plus.pth": ("plus", sequence(plus)),
        "trunk-x4.pth": ("x4", trunk(x4)),
        "trunk-plus.safetensors": ("plus", trunk(plus)),
    }


def other_kinds():
    """Files that are refused: by their own signs, by what is missing, or by their shapes."""
    two = lambda *shape: torch.ones(shape).half()
    x4 = weights(1)
    changed = lambda **tensors: {**x4, **{key.replace("__", "."): value for key, value in tensors.items()}}
    first = {"conv_first.weight": two(4, 3, 3, 3), "conv_first.bias": two(4)}
    of = lambda *keys: {**first, **{key: two(4, 4) for key in keys}}
    return {
        "swinir": of("layers.0.residual_group.blocks.0.attn.qkv.weight", "patch_embed.norm.weight"),
        "swin2sr": of("layers.0.residual_group.blocks.0.attn.cpb_mlp.0.weight", "patch_embed.proj.weight"),
        "hat": of("layers.0.residual_group.blocks.0.attn.qkv.weight", "layers.0.residual_group.overlap_attn.qkv.weight"),
        "dat": of("layers.0.blocks.0.ffn.sg.conv.weight"),
        "rgt": of("layers.0.blocks.0.gamma"),
        "drct": of("layers.0.swin1.attn.qkv.weight"),
        "atd": of("layers.0.residual_group.td.0", "layers.0.residual_group.layers.0.attn_atd.wq.weight"),
        "compact": {f"body.{n}.weight": two(4, 4, 3, 3) for n in (0, 2)} | {"body.1.weight": two(4)},
        "span": of("block_1.c1_r.eval_conv.weight"),
        "omnisr": {"residual_layer.0.residual_layer.0.layer.0.fn.0.weight": two(4, 4), "input.weight": two(4, 3, 3, 3)},
        "plksr": {"feats.0.weight": two(4, 3, 3, 3), "feats.1.lk.conv.weight": two(4, 4, 3, 3)},
        "safmn": {"to_feat.weight": two(4, 3, 3, 3), "feats.0.norm1.weight": two(4)},
        "cugan": {"unet1.conv1.conv.0.weight": two(4, 3, 3, 3), "unet2.conv1.conv.0.weight": two(4, 3, 3, 3)},
        "edsr": of("body.0.conv1.weight", "body.0.conv2.weight"),
        "kernel-2": changed(conv_first__weight=two(FEATURES, 3, 2, 2)),
        "grey": changed(conv_first__weight=two(FEATURES, 1, 3, 3)),
        "alpha": changed(conv_last__weight=two(4, FEATURES, 3, 3), conv_last__bias=two(4)),
        "shrinks": weights(9, channels=48, ups=1),
        "incomplete": {key: value for key, value in x4.items() if not key.startswith("body.0.rdb2.conv3")},
        "misshapen": changed(body__0__rdb2__conv3__weight=two(GROWTH, FEATURES, 3, 3)),
        "extra": changed(body__0__rdb2__conv6__weight=two(GROWTH, FEATURES, 3, 3)),
        "int8": changed(conv_body__weight=torch.ones(FEATURES, FEATURES, 3, 3, dtype=torch.int8)),
        "unfinished": {key: value if key == "conv_first.weight" else torch.zeros_like(value) for key, value in x4.items()},
        "checkpoint": {"model.diffusion_model.input_blocks.0.0.weight": two(4, 4, 3, 3)},
        "lora": {"lora_unet_down_blocks_0.lora_up.weight": two(4, 1), "lora_unet_down_blocks_0.lora_down.weight": two(1, 4)},
    }


def save(path, tensors):
    if path.suffix == ".safetensors":
        save_file({key: value.contiguous() for key, value in tensors.items()}, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization="legacy" not in path.name)
    subprocess.run(["zstd", "-19", "--rm", "-q", "-f", str(path)], check=True)


def tiled(net, x, tile=512, overlap=32):
    """Tiles from the left upper corner on, each weighted by ramps from all its sides that are as wide as the overlap; in a
    tile that is narrower they are cut off."""
    height, width, scale = *x.shape[2:], net.scale
    total = torch.zeros(1, 3, height * scale, width * scale)
    counts = torch.zeros_like(total[:, :1])
    feather = overlap * scale

    def ramp(length):
        k = torch.arange(length)
        slope = lambda n: (1.0 / feather * (n + 1)).clamp(max=1).float()
        return slope(k) * slope(length - 1 - k)

    for top in range(0, height, tile - overlap):
        for left in range(0, width, tile - overlap):
            answer = net(x[:, :, top : top + tile, left : left + tile])
            mask = ramp(answer.shape[2])[:, None] * ramp(answer.shape[3])[None]
            at = (..., slice(top * scale, top * scale + answer.shape[2]), slice(left * scale, left * scale + answer.shape[3]))
            total[at] += answer * mask
            counts[at] += mask
    return total / counts


def pixels(tensor):
    """[1, 3, h, w] -> bytes [h, w, 3], clipped and cut off."""
    return (tensor.clamp(0, 1)[0].permute(1, 2, 0) * 255).to(torch.uint8).contiguous()


@torch.no_grad()
def main():
    torch.manual_seed(17)
    answers = {"image": torch.rand(1, 3, 8, 12), "odd": torch.rand(1, 3, 9, 7)}
    nets = networks()
    for name, tensors in nets.items():
        net = RrdbNet(tensors)
        answers[f"upscaler.{name}.features"] = net.features(answers["image"])
        answers[f"upscaler.{name}.image"] = net(answers["image"])
        answers[f"upscaler.{name}.odd"] = pixels(net((answers["odd"] * 255).to(torch.uint8).float() / 255))
    for name, (_, stored) in read_files(nets).items():
        save(MODELS / f"upscaler-{name}", stored)
    for name, tensors in other_kinds().items():
        save(MODELS / f"upscaler-{name}.safetensors", tensors)
    # A picture of three tiles in a row, the last one a pixel wide, and two rows of tiles. Its slopes up and down are whole
    # numbers, so that the test can make the same picture.
    x, y, c = torch.arange(961)[None, None], torch.arange(490)[None, :, None], torch.arange(3)[:, None, None]
    phase = ((c + 2) * x + 3 * (4 - c) * y) % 510
    bytes_of = torch.minimum(phase, 510 - phase).to(torch.uint8)
    net = RrdbNet(nets["x1"])
    whole = pixels(tiled(net, bytes_of[None].float() / 255))
    answers["tiled.rows"] = whole[[0, 1, 478, 480, 485, 489]]
    answers["tiled.columns"] = whole[:, [0, 1, 479, 480, 495, 511, 512, 959, 960]]
    save_file({key: value.contiguous() for key, value in answers.items()}, FOLDER / "upscalers.safetensors")
    for key, value in answers.items():
        print(key, list(value.shape), round(value.float().std().item(), 4))


if __name__ == "__main__":
    main()
