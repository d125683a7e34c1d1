"""Writes the goldens of decoupled cross-attention: what diffusers' UNet with IP-Adapters loaded answers, for keys and values that
the test makes again. Its answers are test/golden/image-attention.safetensors.

    python3 scripts/golden/image_attention.py

Needs torch and diffusers. The adapters are loaded as published (diffusers' own attention processors, a scale each); then the
projections of their tokens are replaced by tables of numbers, so that the attention alone is compared.
"""

import torch
from safetensors.torch import load_file, save_file

import control
import networks
import tiny

FOLDER = networks.FOLDER
# Tokens of each picture: those of a plain adapter, and of a plus one.
PLAIN, PLUS = 4, 16


def table(picture, site, what, tokens, width):
    """Numbers of a picture's keys (0) or values (1) at a site, -2 to 2; image-attention.test.ts makes the same."""
    t, c = torch.meshgrid(torch.arange(tokens), torch.arange(width), indexing="ij")
    spread = (t * 37 + c * 101 + site * 17 + what * 29 + picture * 53 + t * c * 7) % 61 - 30
    return (spread / 15).float()[None]


class Told(torch.nn.Module):
    """Stands where an adapter projects its tokens: answers the same keys or values whatever it is asked."""

    def __init__(self, values):
        super().__init__()
        self.values = values

    def forward(self, _):
        return self.values


def sites(unet):
    """Names of the cross-attentions in the order in which a UNet is drawn: input, middle, output blocks."""
    names = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    order = {"down_blocks": 0, "mid_block": 1, "up_blocks": 2}
    return sorted(names, key=lambda name: order[name.split(".")[0]])


def adapter(unet, tokens):
    """A state dict of the published form, whose projections are replaced afterwards."""
    width = unet.config.cross_attention_dim
    if tokens == PLAIN:
        image = {"proj.weight": torch.zeros(PLAIN * width, 32), "proj.bias": torch.zeros(PLAIN * width), "norm.weight": torch.ones(width), "norm.bias": torch.zeros(width)}
    else:
        image = plus(width, tokens)
    pairs = {}
    names = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    for k, name in enumerate(names):
        attention = unet.get_submodule(name.removesuffix(".processor"))
        for part in ("to_k_ip", "to_v_ip"):
            pairs[f"{2 * k + 1}.{part}.weight"] = torch.zeros(attention.to_q.out_features, width)
    return {"image_proj": image, "ip_adapter": pairs}


def plus(width, tokens, inner=64):
    made = {"latents": torch.zeros(1, tokens, inner)}
    made |= {"proj_in.weight": torch.zeros(inner, inner), "proj_in.bias": torch.zeros(inner)}
    made |= {"proj_out.weight": torch.zeros(width, inner), "proj_out.bias": torch.zeros(width)}
    made |= {"norm_out.weight": torch.ones(width), "norm_out.bias": torch.zeros(width)}
    for layer in (f"layers.{i}" for i in range(4)):
        for name in ("0.norm1", "0.norm2", "1.0"):
            made |= {f"{layer}.{name}.weight": torch.ones(inner), f"{layer}.{name}.bias": torch.zeros(inner)}
        made |= {f"{layer}.0.to_q.weight": torch.zeros(inner, inner), f"{layer}.0.to_kv.weight": torch.zeros(2 * inner, inner)}
        made |= {f"{layer}.0.to_out.weight": torch.zeros(inner, inner)}
        made |= {f"{layer}.1.1.weight": torch.zeros(4 * inner, inner), f"{layer}.1.3.weight": torch.zeros(inner, 4 * inner)}
    return made


class Adapted:
    """A UNet with a picture for each number of tokens, each with its scale."""

    def __init__(self, unet, pictures):
        self.unet = unet
        unet._load_ip_adapter_weights([adapter(unet, tokens) for tokens, _ in pictures], low_cpu_mem_usage=False)
        self.embeds = [torch.zeros(1, 32) if tokens == PLAIN else torch.zeros(1, 1, 5, 64) for tokens, _ in pictures]
        for site, name in enumerate(sites(unet)):
            processor = unet.attn_processors[name]
            width = unet.get_submodule(name.removesuffix(".processor")).to_q.out_features
            processor.scale = [scale for _, scale in pictures]
            for what, projections in enumerate((processor.to_k_ip, processor.to_v_ip)):
                for i, (tokens, _) in enumerate(pictures):
                    projections[i] = Told(table(i, site, what, tokens, width))

    def __call__(self, *args, added_cond_kwargs, **more):
        embeds = {"image_embeds": [one if one.ndim == 4 else one[:, None] for one in self.embeds]}
        return self.unet(*args, added_cond_kwargs={**added_cond_kwargs, **embeds}, **more)


def unet(weights=None):
    return networks.unet_of({key: value.float() for key, value in (weights or tiny.checkpoint()).items()})


def answered(model, case, **told):
    """What a model answers to the first picture of a case of networks.py."""
    stored = load_file(FOLDER / "networks.safetensors")
    sample, timestep, context, y = (stored[f"{case}.{name}"][:1] for name in ("sample", "timestep", "context", "y"))
    added = {"text_embeds": y[:, : tiny.WIDTH_G], "time_ids": torch.tensor([networks.SIZES[6]])}
    return model(sample, timestep, context, added_cond_kwargs=added, **told).sample


def with_everything():
    """The tiny UNet with a LoRA, an inpaint patch and the head's answer, and what a Control-LoRA on it answers."""
    model = unet(control.changed_base(tiny.checkpoint()))
    feature = load_file(FOLDER / "inpaint.safetensors")["inpaint-head.feature"]
    model.conv_in.register_forward_hook(lambda _module, _inputs, answer: answer + feature)
    residuals = load_file(FOLDER / "control.safetensors")
    down = [residuals[f"control-lora-changed.control_{i}"] for i in range(9)]
    middle = residuals["control-lora-changed.control_9"]
    return model, {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}


TWO = [(PLUS, 0.6), (PLAIN, 1.5)]


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    made = {
        "plain-odd": answered(Adapted(unet(), [(PLAIN, 0.75)]), "unet-odd"),
        "plus-even": answered(Adapted(unet(), [(PLUS, 1.0)]), "unet-even"),
        "two-odd": answered(Adapted(unet(), TWO), "unet-odd"),
    }
    model, guided = with_everything()
    with networks.freeu(model, networks.FREEU):
        made["everything"] = answered(Adapted(model, TWO), "unet-odd", **guided)
    answers = {f"unet-images-{name}.prediction": value.contiguous() for name, value in made.items()}
    save_file(answers, FOLDER / "image-attention.safetensors")


if __name__ == "__main__":
    main()
