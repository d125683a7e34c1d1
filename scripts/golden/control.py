"""Writes the goldens of ControlNets: tiny ones for the tiny checkpoint in every spelling that is read, what diffusers' ControlNetModel
makes of a picture with them, and small files of the kinds that are refused.

    python3 scripts/golden/control.py

Needs torch, diffusers, transformers, safetensors and the zstd program. What a Control-LoRA gives is computed by merging it first:
W + up . down, W being the base model's weight with its LoRA and its inpaint patch.
"""

import subprocess
from pathlib import Path

import torch
from diffusers import ControlNetModel
from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint
from safetensors.torch import load_file, save_file

import loras
import tiny
from networks import noise, unet_case, unet_of

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
MODELS = FOLDER / "models"
ROOT = "model.diffusion_model."
HINT = [3, 16, 16, 32, 32, 96, 96, 256]
ENCODER = ("time_embed.", "label_emb.", "input_blocks.", "middle_block.")


def shifted(tensors, turn):
    """Other windows of the same table: tensors that are no other file's."""
    return {key: value.roll(turn) for key, value in tensors.items()}


def encoder_of(weights):
    own = {key.removeprefix(ROOT): value for key, value in weights.items() if key.startswith(ROOT)}
    return {key: value for key, value in own.items() if key.startswith(ENCODER)}


def front(width, skips, middle):
    """The picture's convolutions, and those that were zero."""
    w = tiny.Writer(torch.float16)
    for n, (inner, outer) in enumerate(zip(HINT, [*HINT[1:], width])):
        w.conv(f"input_hint_block.{2 * n}", inner, outer, 3)
    for k, skip in enumerate(skips):
        w.conv(f"zero_convs.{k}.0", skip, skip, 1)
    w.conv("middle_block_out.0", middle, middle, 1)
    return w.tensors


SKIPS = [32, 32, 32, 32, 64, 64, 64, 128, 128]


def control_ldm(depth=(0, 1, 2), mid=2):
    sizes = {**tiny.base_sizes(), "depth": depth, "mid": mid or 1}
    made = {**shifted(encoder_of(tiny.unet(sizes)), 5), **front(32, SKIPS, 128)}
    if mid == 0:
        made = {key: value for key, value in made.items() if not key.startswith(("middle_block.1.", "middle_block.2."))}
    return made


def model_of(ldm, depth=(0, 1, 2), mid=2):
    sizes = tiny.base_sizes()
    widths = [sizes["mc"] * m for m in sizes["mult"]]
    model = ControlNetModel(
        block_out_channels=tuple(widths),
        down_block_types=tuple("CrossAttnDownBlock2D" if d else "DownBlock2D" for d in depth),
        mid_block_type="UNetMidBlock2DCrossAttn" if mid else "UNetMidBlock2D",
        transformer_layers_per_block=[*(max(1, d) for d in depth[:-1]), mid or 1],
        attention_head_dim=[max(1, width // 64) for width in widths],
        layers_per_block=2,
        cross_attention_dim=sizes["context"],
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=sizes["adm"],
        conditioning_embedding_out_channels=(16, 32, 96, 256),
    ).eval()
    names = convert_controlnet_checkpoint(dict(ldm), {"layers_per_block": 2})
    for n, own in (("1", "0"), ("2", "2")):
        for kind in ("weight", "bias"):
            names[f"add_embedding.linear_{n}.{kind}"] = ldm[f"label_emb.0.{own}.{kind}"]
    model.load_state_dict({key: value.float() for key, value in names.items() if value is not None})
    return model


PICTURE = noise(700, 1, 3, 72, 56).sigmoid()


def answers(name, model, case):
    """The ten residuals for the inputs of a case of networks.py."""
    added = {"text_embeds": case["y"][:, : tiny.WIDTH_G], "time_ids": torch.tensor([[1152.0, 896.0, 0.0, 16.0, 1024.0, 768.0]])}
    down, middle = model(
        case["sample"], case["timestep"], case["context"], PICTURE, added_cond_kwargs=added, return_dict=False
    )
    return {f"{name}.control_{i}": value for i, value in enumerate([*down, middle])}


def control_lora(base):
    """Factors of ranks that differ beside the matrices, everything else whole, as Stability's files have it."""
    made = {"lora_controlnet": torch.zeros(0), **front(32, SKIPS, 128)}
    whole, w = shifted(encoder_of(base), 11), tiny.Writer(torch.float16)
    for seed, (key, value) in enumerate(encoder_of(base).items()):
        if value.ndim < 2:
            made[key] = whole[key]
            continue
        module, (out, *inner) = key.removesuffix(".weight"), value.shape
        rank = min(3 + seed % 4, out, inner[0])
        kernel = [1] * (len(inner) - 1) if seed % 2 else []
        w.put(f"{module}.up", [out, rank, *kernel], 1 / 4)
        w.put(f"{module}.down", [rank, *inner], 1 / 8)
    return {**made, **w.tensors}


def merged(lora, encoder):
    """The whole ControlNet that a Control-LoRA is on this encoder."""
    made = {key: value.float() for key, value in encoder.items()}
    for key, value in lora.items():
        if key.endswith(".up"):
            module = key.removesuffix(".up")
            delta = value.float().flatten(1) @ lora[f"{module}.down"].float().flatten(1)
            made[f"{module}.weight"] = made[f"{module}.weight"] + delta.reshape(made[f"{module}.weight"].shape)
        elif key != "lora_controlnet" and not key.endswith(".down"):
            made[key] = value.float()
    return made


def changed_base(base):
    """With a LoRA and the inpaint patch, whose files networks.py and inpaint.py wrote."""
    weights = {key: value.float() for key, value in base.items()}
    weights = loras.fold(weights, loras.SGM, load_file(FOLDER / "tiny-lora-sgm.safetensors"), 0.7)
    for key, (codes, low, high) in torch.load(FOLDER / "inpaint-patch.patch").items():
        added = codes.float() / 255 * (high.float() - low.float()) + low.float()
        weights[ROOT + key.removeprefix("diffusion_model.")] += added
    return weights


def pack(name, write):
    path = MODELS / f"control-{name}"
    write(path)
    subprocess.run(["zstd", "-19", "--long=26", "--rm", "-q", "-f", str(path)], check=True)


def save(name, tensors):
    pack(name, lambda path: save_file({key: value.contiguous() for key, value in tensors.items()}, path))


def named(*names, **shapes):
    return {**{name: torch.ones(2) for name in names}, **{name: torch.ones(shape) for name, shape in shapes.items()}}


def refused(ldm, diffusers, lora):
    save("union.safetensors", {**diffusers, **named("task_embedding", "control_add_embedding.linear_1.weight")})
    save("promax.safetensors", {**named("controlnet_cond_embedding.conv_in.weight", "spatial_ch_projs.weight")})
    save("t2i-adapter.safetensors", named("adapter.body.0.resnets.0.block1.weight", "adapter.conv_in.weight"))
    save("t2i-adapter-light.safetensors", named("body.0.in_conv.weight", "body.0.body.0.block1.weight"))
    save("t2i-adapter-old.safetensors", named("conv_in.weight", "body.0.block1.weight", "body.0.block2.weight"))
    pack("t2i-adapter.pth", lambda path: torch.save({"adapter": named("body.0.resnets.0.block1.weight")}, path))
    save("lllite.safetensors", named("lllite_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.cond_emb.0.weight"))
    text = {"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": [32, 768], "zero_convs.0.0.weight": [32, 32, 1, 1]}
    save("sd1.safetensors", named(**{f"control_model.{key}": shape for key, shape in text.items()}))
    text = {"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": [32, 1024]}
    save("sd2-diffusers.safetensors", named("controlnet_cond_embedding.conv_in.weight", **text))
    save("ip-adapter.safetensors", named("image_proj.latents", "ip_adapter.1.to_k_ip.weight"))
    save("flux.safetensors", named("single_transformer_blocks.0.attn.to_q.weight", "controlnet_blocks.0.weight"))
    save("kolors.safetensors", named("controlnet_cond_embedding.conv_in.weight", "encoder_hid_proj.weight"))
    save("of-a-lora.safetensors", named("lora_unet_input_blocks_4_1_proj_in.lora_down.weight"))
    save("incomplete.safetensors", {key: value for key, value in ldm.items() if not key.startswith("input_hint_block.14")})
    save("half-pair.safetensors", {key: value for key, value in lora.items() if key != "input_blocks.4.1.proj_in.down"})
    wide = {"input_blocks.7.1.transformer_blocks.9.norm1.weight": torch.ones(128).half()}
    save("lora-of-other-depth.safetensors", {**lora, **wide})
    save("lora-of-other-width.safetensors", {**lora, "time_embed.0.down": torch.ones(3, 320).half()})
    narrow = {key: value[:, :64] if key.endswith(("attn2.to_k.weight", "attn2.to_v.weight")) else value for key, value in ldm.items()}
    save("other-text.safetensors", narrow)
    save("extra.safetensors", {**ldm, "input_blocks.4.2.weight": torch.ones(4).half()})


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    base = tiny.checkpoint()
    ldm = control_ldm()
    lora = control_lora(base)
    base_unet = unet_of({key: value.float() for key, value in base.items()})
    case = unet_case(base_unet, 21, 1, 9, 7, 154, [499.0])
    full = model_of(ldm)
    made = {"control-hint.picture": PICTURE, "control-hint.hint": full.controlnet_cond_embedding(PICTURE)}
    ldm_answers = answers("controlnet-ldm", full, case)
    made |= ldm_answers

    save("ldm.safetensors", ldm)
    save("ldm-prefix.safetensors", {f"control_model.{key}": value for key, value in ldm.items()})
    pack("ldm.pth", lambda path: torch.save({f"control_model.{key}": value for key, value in ldm.items()}, path))

    # Weights of its own, as diffusers writes them.
    other = model_of(shifted(ldm, 3))
    diffusers = {key: value.half() for key, value in other.state_dict().items()}
    save("diffusers.safetensors", diffusers)
    pack("diffusers.bin", lambda path: torch.save(diffusers, path))
    made |= answers("controlnet-diffusers", other, case)
    for name, depth, mid in (("small", (0, 0, 0), 0), ("mid", (0, 0, 1), 1)):
        model = model_of(control_ldm(depth, mid), depth, mid)
        save(f"{name}.safetensors", {key: value.half() for key, value in model.state_dict().items()})
        made |= answers(f"controlnet-{name}", model, case)

    # Differences to the base model, and the tensors that it lacks.
    delta = {key: value.float() / 8 for key, value in shifted(ldm, 3).items()}
    encoder = encoder_of(base)
    stored = {key: (delta[key].half() if key in encoder else value) for key, value in ldm.items()}
    whole = {key: (encoder[key].float() + value.float() if key in encoder else value) for key, value in stored.items()}
    pack(
        "difference.pth",
        lambda path: torch.save({"difference": torch.ones(0), **{f"control_model.{k}": v for k, v in stored.items()}}, path),
    )
    made |= answers("controlnet-difference", model_of(whole), case)

    save("lora.safetensors", lora)
    pack("lora.pth", lambda path: torch.save(lora, path))
    made |= answers("control-lora", model_of(merged(lora, encoder)), case)
    changed = changed_base(base)
    made |= answers("control-lora-changed", model_of(merged(lora, encoder_of(changed))), case)

    down = [ldm_answers[f"controlnet-ldm.control_{i}"] for i in range(9)]
    added = {"text_embeds": case["y"][:, : tiny.WIDTH_G], "time_ids": torch.tensor([[1152.0, 896.0, 0.0, 16.0, 1024.0, 768.0]])}
    made["unet-control.prediction"] = base_unet(
        case["sample"],
        case["timestep"],
        case["context"],
        added_cond_kwargs=added,
        down_block_additional_residuals=down,
        mid_block_additional_residual=ldm_answers["controlnet-ldm.control_9"],
    ).sample
    refused(ldm, diffusers, lora)
    save_file({key: value.contiguous() for key, value in made.items()}, FOLDER / "control.safetensors")


if __name__ == "__main__":
    main()
