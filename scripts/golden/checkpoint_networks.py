"""What diffusers and transformers make of small checkpoints with other depths (SSD-1B, Vega, KOALA) and in every type that
weights are stored in. Writes test/golden/models/checkpoint-<kind>.safetensors.zst for kinds that checkpoint_files.py has
not, two LoRAs, and test/golden/checkpoint-networks.safetensors with the answers.

    python3 scripts/golden/checkpoint_networks.py

Needs what checkpoint_files.py needs. Names of diffusers come from its own models: a state dict is loaded whole or not at all.
"""

import re
import subprocess

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load, save_file

import checkpoint_files as files
import networks
import tiny

OUT = {}

# As the published ones, but shallow: [depth of each block on the way down], [... up], and what stands in the middle.
DISTILLED = {
    "ssd-1b": {"mult": (1, 2, 4), "nres": 2, "down": (0, 0, 2, 2, 3, 3), "up": (3, 3, 4, 2, 1, 1, 0, 0, 0), "mid": 0},
    "vega": {"mult": (1, 2, 4), "nres": 2, "down": (0, 0, 1, 1, 2, 2), "up": (2, 2, 2, 1, 1, 1, 0, 0, 0), "mid": 0},
    "koala-700m": {"mult": (1, 2, 4), "nres": 1, "down": (0, 1, 2), "up": (2, 2, 1, 1, 0, 0), "mid": None},
    "koala-1b": {"mult": (1, 2, 4), "nres": 1, "down": (0, 1, 2), "up": (2, 2, 1, 1, 0, 0), "mid": 2},
}


def unet(spec):
    """LDM's names and tensors, and for each module of a block its name in diffusers."""
    w, base, root = tiny.Writer(torch.float16), tiny.UNET["mc"], "model.diffusion_model"
    embedding, names = 4 * base, {}
    for name, inner, outer in (("time_embed.0", base, embedding), ("time_embed.2", embedding, embedding)):
        w.linear(f"{root}.{name}", inner, outer)
    w.linear(f"{root}.label_emb.0.0", tiny.ADM, embedding)
    w.linear(f"{root}.label_emb.0.2", embedding, embedding)
    w.conv(f"{root}.input_blocks.0.0", 4, base, 3)
    skips, width, n, down = [base], base, 1, iter(spec["down"])

    def block(at, theirs, inner, outer, depth, layer):
        tiny.res_block(w, f"{root}.{at}.0", inner, outer, embedding)
        names[f"{at}.0"] = f"{theirs}.resnets.{layer}"
        if depth:
            tiny.transformer(w, f"{root}.{at}.1", outer, depth)
            names[f"{at}.1"] = f"{theirs}.attentions.{layer}"

    for level, factor in enumerate(spec["mult"]):
        for layer in range(spec["nres"]):
            block(f"input_blocks.{n}", f"down_blocks.{level}", width, factor * base, next(down), layer)
            width = factor * base
            skips.append(width)
            n += 1
        if level < len(spec["mult"]) - 1:
            w.conv(f"{root}.input_blocks.{n}.0.op", width, width, 3)
            names[f"input_blocks.{n}.0.op"] = f"down_blocks.{level}.downsamplers.0.conv"
            skips.append(width)
            n += 1
    if spec["mid"] is not None:
        tiny.res_block(w, f"{root}.middle_block.0", width, width, embedding)
        names["middle_block.0"] = "mid_block.resnets.0"
    if spec["mid"]:
        tiny.transformer(w, f"{root}.middle_block.1", width, spec["mid"])
        tiny.res_block(w, f"{root}.middle_block.2", width, width, embedding)
        names.update({"middle_block.1": "mid_block.attentions.0", "middle_block.2": "mid_block.resnets.1"})
    n, up = 0, iter(spec["up"])
    for above, level in enumerate(reversed(range(len(spec["mult"])))):
        for layer in range(spec["nres"] + 1):
            depth = next(up)
            block(f"output_blocks.{n}", f"up_blocks.{above}", width + skips.pop(), spec["mult"][level] * base, depth, layer)
            width = spec["mult"][level] * base
            if level > 0 and layer == spec["nres"]:
                at = f"output_blocks.{n}.{2 if depth else 1}.conv"
                w.conv(f"{root}.{at}", width, width, 3)
                names[at] = f"up_blocks.{above}.upsamplers.0.conv"
            n += 1
    w.norm(f"{root}.out.0", width)
    w.conv(f"{root}.out.2", width, 4, 3)
    return w.tensors, names


TOP = {
    "time_embed.0": "time_embedding.linear_1", "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "add_embedding.linear_1", "label_emb.0.2": "add_embedding.linear_2",
    "input_blocks.0.0": "conv_in", "out.0": "conv_norm_out", "out.2": "conv_out",
}  # fmt: skip
RES = {
    "in_layers.0": "norm1", "in_layers.2": "conv1", "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2", "out_layers.3": "conv2", "skip_connection": "conv_shortcut",
}  # fmt: skip


def diffusers_name(module, names):
    if module in TOP:
        return TOP[module]
    if module in names:
        return names[module]
    block, rest = re.match(r"((?:input|output)_blocks\.\d+\.\d|middle_block\.\d)\.(.+)", module).groups()
    return f"{names[block]}.{RES.get(rest, rest)}"


def grouped(depths, size):
    """What a level's blocks have, as diffusers wants it: a list for each block, 1 where there is no transformer."""
    return [[max(1, depth) for depth in depths[i : i + size]] for i in range(0, len(depths), size)]


def diffusers_unet(spec, weights, names):
    mc, nres = tiny.UNET["mc"], spec["nres"]
    attends = [depth > 0 for depth in spec["down"][::nres]]
    kinds = ["CrossAttn" if attend else "" for attend in attends]
    config = {
        "block_out_channels": tuple(mc * m for m in spec["mult"]),
        "down_block_types": tuple(f"{kind}DownBlock2D" for kind in kinds),
        "up_block_types": tuple(f"{kind}UpBlock2D" for kind in reversed(kinds)),
        "mid_block_type": None if spec["mid"] is None else "UNetMidBlock2DCrossAttn" if spec["mid"] else "UNetMidBlock2D",
        "transformer_layers_per_block": grouped(spec["down"], nres),
        "reverse_transformer_layers_per_block": grouped(spec["up"], nres + 1),
        "attention_head_dim": [max(1, mc * m // 64) for m in spec["mult"]],  # the number of heads, by its old name
        "layers_per_block": nres,
        "cross_attention_dim": tiny.CONTEXT,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": tiny.ADM,
    }
    if spec["mid"]:  # which is as deep as the last level, or diffusers has no way to say it
        assert set(spec["down"][-nres:]) == {spec["mid"]}
        config["transformer_layers_per_block"][-1] = spec["mid"]
    model = UNet2DConditionModel(**config).eval()
    state = {}
    for key, value in weights.items():
        module, _, kind = key.removeprefix("model.diffusion_model.").rpartition(".")
        state[f"{diffusers_name(module, names)}.{kind}"] = value.float()
    model.load_state_dict(state)
    return model


LORA = {
    "ssd-1b": ("up_blocks.0.attentions.2.transformer_blocks.3.attn1.to_q", "up_blocks.1.attentions.0.transformer_blocks.1.ff.net.0.proj", "mid_block.resnets.0.conv1", "down_blocks.2.attentions.1.proj_in", "up_blocks.1.upsamplers.0.conv"),
    "koala-1b": ("up_blocks.0.attentions.1.transformer_blocks.1.attn2.to_k", "up_blocks.1.attentions.0.proj_out", "mid_block.attentions.0.transformer_blocks.1.attn1.to_v", "down_blocks.1.downsamplers.0.conv", "down_blocks.2.resnets.0.conv_shortcut"),
}  # fmt: skip


def with_lora(name, model, seed):
    """Writes a LoRA in diffusers' own names, as save_lora_weights does, and folds it into the model."""
    generator, lora = torch.Generator().manual_seed(seed), {}
    for module in LORA[name]:
        weight = model.get_submodule(module).weight.data
        down = torch.randn([2, *weight.shape[1:]], generator=generator) * 0.2
        up = torch.randn([weight.shape[0], 2, *[1] * (weight.dim() - 2)], generator=generator) * 0.2
        weight += (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)
        lora.update({f"unet.{module}.lora_A.weight": down, f"unet.{module}.lora_B.weight": up})
    save_file(lora, files.GOLDEN / f"{name}-lora.safetensors")


def asked(model):
    """The answer to inputs that are the same for all, and kept once."""
    case = networks.unet_case(model, 100, 1, 9, 7, 77, [499.0])
    OUT.update({key: case[key] for key in ("sample", "context", "y")})
    return case["prediction"]


def distilled(base):
    for seed, (name, spec) in enumerate(DISTILLED.items()):
        weights, names = unet(spec)
        files.save(f"checkpoint-{name}", files.without(base, files.UNET) | weights)
        model = diffusers_unet(spec, weights, names)
        OUT[f"{name}.prediction"] = asked(model)
        if name in LORA:
            with_lora(name, model, 200 + seed)
            OUT[f"{name}.lora"] = asked(model)


# Types


def stored_as(base, *kinds):
    """Floats in these types, one after the other; scalars and names of CLIP's own stay."""
    floats = [key for key, value in base.items() if value.is_floating_point() and value.dim() > 0]
    return base | {key: base[key].to(kinds[i % len(kinds)]) for i, key in enumerate(floats)}


TYPES = {
    "f64": (torch.float64,),
    "f32": (torch.float32,),
    "bf16": (torch.bfloat16,),
    "f16": (torch.float16,),
    # A period that no kind of layer has, so that every tensor of a layer comes in every type.
    "mixed": (torch.float16, torch.float8_e4m3fn, torch.float32, torch.bfloat16, torch.float64, torch.float16, torch.float8_e5m2),
}  # fmt: skip


def unpacked(name):
    """A committed checkpoint as torch reads it: each weight in float32, times the scale that stands beside it."""
    packed = files.FOLDER / f"{name}.safetensors.zst"
    tensors = load(subprocess.run(["zstd", "-q", "-d", "--long=27", "-c", packed], check=True, capture_output=True).stdout)
    weights = {key: value.float() for key, value in tensors.items()}
    for key in tensors:
        for ending in (".scale_weight", ".weight_scale"):
            if key.endswith(ending):
                weights[key.removesuffix(ending) + ".weight"] *= tensors[key].float()
    return {key: value for key, value in weights.items() if not re.search(r"scale_weight|scale_input|weight_scale|input_scale|comfy_quant|scaled_fp8", key)}


def two_levels(weights):
    spec = {"mult": (1, 2), "nres": 2, "down": (0, 0, 1, 1), "up": (1, 1, 1, 0, 0, 0), "mid": 1}
    _, names = unet(spec)
    return diffusers_unet(spec, files.only(weights, files.UNET), names)


def text(weights):
    ids = torch.tensor([[i % 15 for i in range(77)]])
    encoders = (networks.text_l_of(weights), networks.text_g_of(weights))
    return ids, *(encoder(ids, output_hidden_states=True).hidden_states[-1] for encoder in encoders)


def types(base):
    for name, kinds in TYPES.items():
        files.save(f"checkpoint-{name}", stored_as(base, *kinds))
    for name in [*TYPES, "base", "f8", "f8-e5m2", "f8-scaled", "f8-comfy", "f8-listed"]:
        weights = unpacked(f"checkpoint-{name}")
        OUT[f"{name}.prediction"] = asked(two_levels(weights))
        ids, hidden_l, hidden_g = text(weights)
        # A token's state depends on those before it alone: a few are enough.
        OUT.update({"ids": ids.float(), f"{name}.hidden_l": hidden_l[:, :9], f"{name}.hidden_g": hidden_g[:, :9]})
        latent = networks.noise(301, 1, 4, 3, 2)
        OUT.update({"latent": latent, f"{name}.image": networks.vae_of(weights).decode(latent).sample})


@torch.no_grad()
def main():
    base = tiny.checkpoint()
    distilled(base)
    types(base)
    save_file({key: value.detach().clone().contiguous() for key, value in OUT.items()}, files.GOLDEN / "checkpoint-networks.safetensors")
    for key, value in OUT.items():
        print(key, list(value.shape), round(value.float().std().item(), 4))


if __name__ == "__main__":
    main()
