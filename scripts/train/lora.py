"""Low-rank adapters in kohya naming (`lora_unet_` + the LDM name, dots as underscores; text encoder 2 speaks the
transformers names), and folding them into weights for trying them out."""
import torch
from torch import nn
import torch.nn.functional as F
from safetensors.torch import load_file

from export import write


def unet_modules(unet):
    """Every convolution and linear layer inside the blocks except the first and last layer and the embeddings."""
    for name, m in unet.named_modules():
        if isinstance(m, (nn.Linear, nn.Conv2d)) and name.startswith(("input_blocks", "middle_block", "output_blocks")) and name != "input_blocks.0.0":
            yield name, m


class Lora(nn.Module):
    """Keeps the factors of one layer; the layer's forward is replaced while attached."""

    def __init__(self, layer, rank):
        super().__init__()
        self.conv = isinstance(layer, nn.Conv2d)
        out, inp = layer.weight.shape[:2]
        kernel = layer.weight.shape[2:]
        self.rank = min(rank, out, inp)
        self.down = nn.Parameter(torch.randn(self.rank, inp, *kernel) / (inp * max(1, kernel.numel())) ** 0.5)
        self.up = nn.Parameter(torch.zeros(out, self.rank, *(1 for _ in kernel)))

    def delta(self):
        d = self.up.flatten(1) @ self.down.flatten(1)
        return d.reshape(len(self.up), *self.down.shape[1:])


class Adapter(nn.Module):
    """All adapters of a UNet. `strength` scales them (the server's LoRA weight)."""

    def __init__(self, unet, rank=8, alpha=None):
        super().__init__()
        self.alpha = float(alpha or rank)
        self.names, self.layers, self.parts = [], [], nn.ModuleList()
        for name, layer in unet_modules(unet):
            self.names.append(name)
            self.layers.append(layer)
            self.parts.append(Lora(layer, rank))
        self.strength = 1.0

    def attach(self):
        for layer, part in zip(self.layers, self.parts):
            layer.forward = self._forward(layer, part)
        return self

    def _forward(self, layer, part):
        def run(x):
            w = layer.weight + self.strength * self.alpha / part.rank * part.delta()
            return F.conv2d(x, w, layer.bias, layer.stride, layer.padding) if part.conv else F.linear(x, w, layer.bias)
        return run

    def tensors(self):
        out = {}
        for name, part in zip(self.names, self.parts):
            key = "lora_unet_" + name.replace(".", "_")
            out[key + ".lora_down.weight"] = part.down.detach().half().contiguous()
            out[key + ".lora_up.weight"] = part.up.detach().half().contiguous()
            out[key + ".alpha"] = torch.tensor(self.alpha, dtype=torch.float16)
        return out

    @torch.no_grad()
    def load(self, path):
        """Takes the factors of a file that `save` wrote with the same rank."""
        t = load_file(str(path))
        for name, part in zip(self.names, self.parts):
            key = "lora_unet_" + name.replace(".", "_")
            part.down.copy_(t[key + ".lora_down.weight"])
            part.up.copy_(t[key + ".lora_up.weight"])

    def save(self, path, title):
        write(self.tensors(), path, {"format": "pt", "modelspec.title": title, "modelspec.license": "MIT", "ss_base_model_version": "sdxl_base_v1-0"})


@torch.no_grad()
def apply_file(nets, path, strength):
    """Folds a file into the UNet's weights, as the server does."""
    t = load_file(str(path))
    for name, layer in unet_modules(nets["unet"]):
        key = "lora_unet_" + name.replace(".", "_")
        if key + ".lora_up.weight" in t:
            up, down = t[key + ".lora_up.weight"].float().flatten(1), t[key + ".lora_down.weight"].float().flatten(1)
            layer.weight += strength * float(t[key + ".alpha"]) / len(down) * (up @ down).reshape(layer.weight.shape)


def untrained(folder):
    """Files of the final layout with small random effect."""
    from export import build
    from captions import WORDS
    from tokenizer import Bpe, Compact

    unet = build(Compact(Bpe(), WORDS))["unet"]
    for name in ("lightning-4step", "hyper-sd-4step", "lcm-8step", "neon"):
        a = Adapter(unet, 8)
        for p in a.parts:
            nn.init.normal_(p.up, std=0.002)
        a.save(f"{folder}/fooocusd-demo-{name}.safetensors", f"fooocusd demo {name} (untrained)")
    print(len(a.names), "modules", sum(v.numel() for v in a.tensors().values()), "numbers")


if __name__ == "__main__":
    import sys

    untrained(sys.argv[1])
