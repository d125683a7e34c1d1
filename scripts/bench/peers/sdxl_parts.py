"""SDXL base as diffusers and transformers are told of it, so that nothing is asked of a hub: what each part is, and how it is opened
from a checkpoint in one file. Imported before torch."""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
for name in ("torchvision",):
    # diffusers looks for it and does without; one that does not fit the installed torch would stop it.
    sys.modules[name] = None

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import create_diffusers_clip_model_from_ldm, load_single_file_checkpoint
from transformers import CLIPTextModel, CLIPTextModelWithProjection

text = {"vocab_size": 49408, "max_position_embeddings": 77, "eos_token_id": 49407, "bos_token_id": 49406, "pad_token_id": 1}
configs = {
    "unet": {
        "_class_name": "UNet2DConditionModel",
        "sample_size": 128,
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": [320, 640, 1280],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "layers_per_block": 2,
        "attention_head_dim": [5, 10, 20],
        "transformer_layers_per_block": [1, 2, 10],
        "cross_attention_dim": 2048,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
    "vae": {
        "_class_name": "AutoencoderKL",
        "block_out_channels": [128, 256, 512, 512],
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
        "layers_per_block": 2,
        "latent_channels": 4,
        "sample_size": 1024,
        "scaling_factor": 0.13025,
    },
    "text_encoder": {
        "model_type": "clip_text_model",
        "architectures": ["CLIPTextModel"],
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_attention_heads": 12,
        "num_hidden_layers": 12,
        "projection_dim": 768,
        "hidden_act": "quick_gelu",
        **text,
    },
    "text_encoder_2": {
        "model_type": "clip_text_model",
        "architectures": ["CLIPTextModelWithProjection"],
        "hidden_size": 1280,
        "intermediate_size": 5120,
        "num_attention_heads": 20,
        "num_hidden_layers": 32,
        "projection_dim": 1280,
        "hidden_act": "gelu",
        **text,
    },
}

encoders = {"text_encoder": CLIPTextModel, "text_encoder_2": CLIPTextModelWithProjection}


def write_configs(folder):
    for place, config in configs.items():
        (Path(folder) / place).mkdir()
        (Path(folder) / place / "config.json").write_text(json.dumps(config))


def encoder(path, place, folder, dtype):
    """A text encoder of a checkpoint, by its place in `configs`."""
    return create_diffusers_clip_model_from_ldm(
        encoders[place],
        load_single_file_checkpoint(path),
        subfolder=place,
        config=folder,
        torch_dtype=dtype,
        local_files_only=True,
    )


def unet(path, folder, dtype):
    return UNet2DConditionModel.from_single_file(path, subfolder="unet", config=folder, torch_dtype=dtype, local_files_only=True)


def vae(path, folder, dtype):
    return AutoencoderKL.from_single_file(path, subfolder="vae", config=folder, torch_dtype=dtype, local_files_only=True)


def unet_of_shared_weights(dtype):
    """The same network with one tensor of random numbers for all parameters of one shape: as much work, an eighth of the memory, and
    weights that a cache holds rather sooner."""
    with torch.device("meta"):
        model = UNet2DConditionModel.from_config(configs["unet"])
    shared = {}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.shape not in shared:
                shared[parameter.shape] = torch.nn.Parameter(0.02 * torch.randn(parameter.shape, dtype=dtype), requires_grad=False)
            setattr(module, name, shared[parameter.shape])
    return model
