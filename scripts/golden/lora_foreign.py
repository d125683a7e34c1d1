"""LoRAs of other networks, and files that are no LoRAs, in a loras folder: files that are refused by what they are."""

import torch
from diffusers import (
    FluxPipeline,
    FluxTransformer2DModel,
    PixArtTransformer2DModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
    WanPipeline,
    WanTransformer3DModel,
)
from peft import inject_adapter_in_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from lora_models import config


def saved(folder, target, pipeline, model, names, kind="transformer_lora_layers"):
    """A small network of that kind with an adapter, saved by its own pipeline."""
    model.add_adapter(config(names))
    layers = {k: v.contiguous() for k, v in get_peft_model_state_dict(model).items()}
    pipeline.save_lora_weights(folder, **{kind: layers}, weight_name="made.safetensors")
    (folder / "made.safetensors").rename(target)


def unet(folder, target, pipeline, context):
    model = UNet2DConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=context,
        attention_head_dim=8,
        norm_num_groups=8,
    )
    names = ["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"]
    saved(folder, target, pipeline, model, names, "unet_lora_layers")


def lora_of_sd1(folder, target):
    unet(folder, target, StableDiffusionPipeline, 768)


def lora_of_sd2(folder, target):
    unet(folder, target, StableDiffusionPipeline, 1024)


def lora_of_refiner(folder, target):
    unet(folder, target, StableDiffusionXLPipeline, 1280)


def lora_of_full_width(folder, target):
    """Right in itself, but the checkpoint it meets here is narrower."""
    unet(folder, target, StableDiffusionXLPipeline, 2048)


def lora_of_flux(folder, target):
    sizes = {"num_layers": 1, "num_single_layers": 1, "attention_head_dim": 8, "num_attention_heads": 2}
    sizes |= {"joint_attention_dim": 16, "pooled_projection_dim": 16, "axes_dims_rope": (2, 2, 4), "in_channels": 4}
    saved(folder, target, FluxPipeline, FluxTransformer2DModel(**sizes), ["to_q", "to_k"])


def lora_of_sd3(folder, target):
    sizes = {"sample_size": 8, "num_layers": 2, "attention_head_dim": 8, "num_attention_heads": 2}
    sizes |= {"joint_attention_dim": 16, "caption_projection_dim": 16, "pooled_projection_dim": 16}
    model = SD3Transformer2DModel(**sizes, in_channels=4, out_channels=4, patch_size=1)
    saved(folder, target, StableDiffusion3Pipeline, model, ["attn.to_q", "attn.add_k_proj"])


def lora_of_qwen_image(folder, target):
    sizes = {"num_layers": 1, "attention_head_dim": 16, "num_attention_heads": 2, "joint_attention_dim": 16}
    model = QwenImageTransformer2DModel(**sizes, in_channels=16, out_channels=4, axes_dims_rope=(8, 4, 4))
    saved(folder, target, QwenImagePipeline, model, ["to_q", "img_mod.1"])


def lora_of_wan(folder, target):
    sizes = {"num_layers": 1, "attention_head_dim": 12, "num_attention_heads": 2, "ffn_dim": 16, "text_dim": 16}
    model = WanTransformer3DModel(**sizes, freq_dim=32, in_channels=4, out_channels=4)
    saved(folder, target, WanPipeline, model, ["attn1.to_q"])


def lora_of_pixart(folder, target):
    sizes = {"num_layers": 1, "attention_head_dim": 8, "num_attention_heads": 2, "cross_attention_dim": 16}
    model = PixArtTransformer2DModel(**sizes, in_channels=4, sample_size=8, caption_channels=16)
    inject_adapter_in_model(config(["attn1.to_q"]), model)
    save_file({f"transformer.{k}": v.contiguous() for k, v in model.state_dict().items() if ".lora_" in k}, target)


def kohya(target, *names, width=16, metadata=None):
    """Factors under names that other trainers write."""
    file = {}
    for name in names:
        file[f"{name}.lora_down.weight"] = torch.randn(2, width)
        file[f"{name}.lora_up.weight"] = torch.randn(width, 2)
        file[f"{name}.alpha"] = torch.tensor(1.0)
    save_file(file, target, metadata)


def lora_of_flux_kohya(folder, target):
    """With the first text encoder, which is SDXL's, too."""
    text = "lora_te1_text_model_encoder_layers_0_self_attn_q_proj"
    kohya(target, "lora_unet_double_blocks_0_img_attn_qkv", text, width=64, metadata={"ss_base_model_version": "flux1"})


def lora_of_sd3_kohya(folder, target):
    kohya(target, "lora_unet_joint_blocks_0_x_block_attn_qkv")


def lora_of_hunyuan_video(folder, target):
    kohya(target, "diffusion_model.double_blocks.0.img_attn_qkv")


def lora_of_wan_kohya(folder, target):
    kohya(target, "lora_unet_blocks_0_cross_attn_k")


def lora_of_stable_cascade(folder, target):
    kohya(target, "lora_prior_unet_down_blocks_0_2_attention_attn_to_k")


def lora_of_animatediff(folder, target):
    kohya(target, "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0.to_q")


def lora_of_sd1_text(folder, target):
    """Only the text encoder of a Stable Diffusion 1.x: shaped as SDXL's first one."""
    name = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"
    kohya(target, name, width=64, metadata={"ss_base_model_version": "sd_v1"})


def lora_of_unknown(folder, target):
    kohya(target, "lora_unet_stage_0_mix", "lora_unet_stage_1_mix")


def lora_face_id(folder, target):
    file = {}
    for name in ("to_q", "to_k"):
        file[f"0.{name}_lora.down.weight"] = torch.randn(2, 64)
        file[f"0.{name}_lora.up.weight"] = torch.randn(64, 2)
    save_file(file, target)


def lora_control(folder, target):
    save_file({"lora_controlnet": torch.zeros(1), "input_blocks.0.0.up": torch.randn(4, 2)}, target)


def lora_embedding(folder, target):
    save_file({"clip_l": torch.randn(2, 64), "clip_g": torch.randn(2, 128)}, target)


def lora_checkpoint(folder, target):
    save_file({"model.diffusion_model.out.2.weight": torch.randn(4, 32, 3, 3)}, target)


FILES = [value for name, value in list(globals().items()) if name.startswith("lora_") and callable(value)]
