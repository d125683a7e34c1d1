"""diffusers' half of peers.ts, in a process of its own: theirs.py ASKED float32|bfloat16, ASKED as JSON.

What was measured is JSON on its output. Each part is opened, run and dropped before the next, so that a machine of 24 GiB holds the
float32 UNet; the channels lie last where that is what diffusers recommends for a processor, which is with bfloat16.
"""

import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
for name in ("torchvision",):
    # diffusers looks for it and does without; one that does not fit the installed torch would stop it.
    sys.modules[name] = None

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import create_diffusers_clip_model_from_ldm, load_single_file_checkpoint
from transformers import CLIPTextModel, CLIPTextModelWithProjection

asked, kind = json.loads(sys.argv[1]), sys.argv[2]
dtype = getattr(torch, kind)
layout = torch.channels_last if dtype == torch.bfloat16 else torch.contiguous_format
torch.set_num_threads(asked["threads"] or torch.get_num_threads())
side = asked["side"] // 8

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


def now():
    return {"processor": time.process_time(), "wall": time.perf_counter()}


def since(start):
    return {key: value - start[key] for key, value in now().items()}


def plus(*parts):
    return {key: sum(part[key] for part in parts) for key in ("processor", "wall")}


opening, finite = {"processor": 0.0, "wall": 0.0}, True


def opened(make):
    global opening
    start = now()
    model = make().eval()
    opening = plus(opening, since(start))
    return model


def timed(runs, work):
    """The first run fills the caches; it is what counts where no more are asked for."""
    global finite
    start = now()
    answer = work()
    spent = [since(start)] if runs == 0 else []
    finite = finite and bool(torch.isfinite(answer).all())
    for _ in range(runs):
        start = now()
        work()
        spent.append(since(start))
    return spent


def encoder(kind, place):
    checkpoint = load_single_file_checkpoint(asked["checkpoint"])
    return create_diffusers_clip_model_from_ldm(
        kind,
        checkpoint,
        subfolder=place,
        config=folder,
        torch_dtype=dtype,
        local_files_only=True,
    )


with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
    for place, config in configs.items():
        (Path(folder) / place).mkdir()
        (Path(folder) / place / "config.json").write_text(json.dumps(config))
    from_file = {"config": folder, "torch_dtype": dtype, "local_files_only": True}
    tokens = torch.tensor([[49406, *(320 + 17 * i for i in range(20)), *[49407] * 56]])

    texts = []
    for kind_of_encoder, place in ((CLIPTextModel, "text_encoder"), (CLIPTextModelWithProjection, "text_encoder_2")):
        model = opened(lambda: encoder(kind_of_encoder, place))
        texts.append(timed(3, lambda: model(tokens, output_hidden_states=True).hidden_states[-2]))
        del model
        gc.collect()

    model = opened(
        lambda: UNet2DConditionModel.from_single_file(asked["checkpoint"], subfolder="unet", **from_file).to(memory_format=layout)
    )
    sample = torch.randn(1, 4, side, side).to(dtype).to(memory_format=layout)
    told = {
        "encoder_hidden_states": torch.randn(1, 77, 2048, dtype=dtype),
        "added_cond_kwargs": {
            "text_embeds": torch.randn(1, 1280, dtype=dtype),
            "time_ids": torch.tensor([[asked["side"], asked["side"], 0, 0, asked["side"], asked["side"]]], dtype=dtype),
        },
    }
    unet = timed(asked["runs"], lambda: model(sample, torch.tensor(500), **told).sample)
    del model
    gc.collect()

    model = opened(lambda: AutoencoderKL.from_single_file(asked["checkpoint"], subfolder="vae", **from_file).to(memory_format=layout))
    vae = timed(0, lambda: model.decode(sample).sample)

print(json.dumps({"opening": opening, "text": [plus(*pair) for pair in zip(*texts)], "unet": unet, "vae": vae, "finite": finite}))
