"""The demo checkpoint in other programs: does it open there, and is it the same picture?

    python3 elsewhere.py diffusers CHECKPOINT OUT.png       drawn by diffusers' StableDiffusionXLPipeline.from_single_file
    python3 elsewhere.py compare ONE.png OTHER.png          mean and largest difference, of 255
    python3 elsewhere.py keep DIFFUSERS.png FOOOCUS.png     into test/golden/elsewhere, with the generate request of the picture

diffusers learns nothing of widths from a single file but reads them from a folder with the parts' configurations, as it does
for SDXL itself (from its hub); the folder is written here, with CLIP's tokenizer from FOOOCUSD_BPE. The other picture that is kept was drawn by hand,
outside this repository, by FooocusAPI at 78141cc (Fooocus 2.5.5) with torch 2.13.0 on the CPU in float32: its loader too knows SDXL
by its widths alone, so an entry with the demo's (64 channels, transformers 0, 0, 1, 1, 2, 2, context 320, vector 1728) was put before
those of its list from outside, and the text encoders' and the VAE's widths set; what the list finds in the file is all its own.
"""
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from nets import CONFIG, POSITIONS, VOCAB
from tokenizer import Bpe

PROMPT, NEGATIVE, SEED, STEPS, GUIDANCE, SIDE = "a red star on a white background", "blue circle", 5, 12, 4.0, 256
REQUEST = {
    "prompt": PROMPT, "negative_prompt": NEGATIVE, "image_seed": SEED, "overwrite_step": STEPS, "guidance_scale": GUIDANCE,
    "aspect_ratios_selection": f"{SIDE}*{SIDE}", "sampler_name": "euler", "scheduler_name": "simple", "style_selections": [],
    # what Fooocus adds to a plain SDXL pipeline, taken away
    "sharpness": 0, "adaptive_cfg": 30, "adm_scaler_positive": 1, "adm_scaler_negative": 1, "adm_scaler_end": 0,
}


def folder(at):
    """What a diffusers checkpoint of the demo's sizes would have beside its weights."""
    unet, one, two, vae = (CONFIG[k] for k in ("unet", "te1", "te2", "vae"))
    kinds = ["CrossAttn" if d else "" for d in unet["depth"]]
    text = lambda c, act, kind: {
        "architectures": [kind], "model_type": "clip_text_model", "hidden_size": c["width"], "intermediate_size": 4 * c["width"],
        "num_hidden_layers": c["layers"], "num_attention_heads": c["width"] // 64, "hidden_act": act, "projection_dim": c["width"],
        "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1,
    }
    parts = {
        "unet/config.json": {
            "_class_name": "UNet2DConditionModel", "sample_size": SIDE // 8, "block_out_channels": [unet["mc"] * m for m in unet["mult"]],
            "down_block_types": [f"{k}DownBlock2D" for k in kinds], "up_block_types": [f"{k}UpBlock2D" for k in reversed(kinds)],
            "transformer_layers_per_block": [max(1, d) for d in unet["depth"]], "attention_head_dim": [unet["mc"] * m // 64 for m in unet["mult"]],
            "cross_attention_dim": one["width"] + two["width"], "use_linear_projection": True, "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": two["width"] + 6 * 256, "layers_per_block": unet["nres"],
        },
        "vae/config.json": {
            "_class_name": "AutoencoderKL", "block_out_channels": [vae["ch"] * m for m in vae["mult"]], "latent_channels": vae["z"],
            "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4, "layers_per_block": vae["nres"],
            "scaling_factor": 0.13025, "sample_size": SIDE, "force_upcast": False,
        },
        "text_encoder/config.json": text(one, "quick_gelu", "CLIPTextModel"),
        "text_encoder_2/config.json": text(two, "gelu", "CLIPTextModelWithProjection"),
        "scheduler/scheduler_config.json": {
            "_class_name": "EulerDiscreteScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012,
            "prediction_type": "epsilon", "num_train_timesteps": 1000, "timestep_spacing": "leading", "steps_offset": 1,
        },
        "model_index.json": {
            "_class_name": "StableDiffusionXLPipeline", "force_zeros_for_empty_prompt": True,
            "scheduler": ["diffusers", "EulerDiscreteScheduler"], "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
            "text_encoder": ["transformers", "CLIPTextModel"], "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer": ["transformers", "CLIPTokenizer"], "tokenizer_2": ["transformers", "CLIPTokenizer"],
        },
    }
    bpe = Bpe()
    vocabulary = {**bpe.id, "<|startoftext|>": 49406, "<|endoftext|>": 49407}
    merges = "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in bpe.rank)
    for name, pad in (("tokenizer", "<|endoftext|>"), ("tokenizer_2", "!")):
        marks = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": pad}
        parts[f"{name}/tokenizer_config.json"] = {"tokenizer_class": "CLIPTokenizer", "model_max_length": POSITIONS, **marks}
        parts[f"{name}/special_tokens_map.json"] = marks
        parts[f"{name}/vocab.json"] = vocabulary
    for name, what in parts.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_text(json.dumps(what))
    for name in ("tokenizer", "tokenizer_2"):
        (at / name / "merges.txt").write_text(merges)


def simple(steps):
    """The noise levels of the schedule "simple": every so many of the thousand from the highest, and none at last."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas = torch.cumprod(1 - betas, 0)
    levels = ((1 - alphas) / alphas).sqrt()
    return [levels[-(1 + int(i * 1000 / steps))].item() for i in range(steps)] + [0.0]


def diffusers(checkpoint, out):
    from diffusers import StableDiffusionXLPipeline

    with tempfile.TemporaryDirectory() as at:
        folder(Path(at))
        pipe = StableDiffusionXLPipeline.from_single_file(str(checkpoint), config=at, local_files_only=True, torch_dtype=torch.float32, add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    image = pipe(
        PROMPT, negative_prompt=NEGATIVE, width=SIDE, height=SIDE, sigmas=simple(STEPS), guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(SEED), output_type="np",
    ).images[0]
    Image.fromarray((image * 255).clip(0, 255).astype(np.uint8)).save(out)


def compare(one, other):
    a, b = (np.asarray(Image.open(p).convert("RGB"), int) for p in (one, other))
    d = np.abs(a - b)
    print(f"mean {d.mean():.4f}, largest {d.max()}, of 255; {100 * (d > 0).mean():.2f} % of the values differ")


def keep(*drawn):
    at = Path(__file__).resolve().parents[2] / "test/golden/elsewhere"
    at.mkdir(exist_ok=True)
    for name, path in zip(("diffusers", "fooocus"), drawn):
        Image.open(path).save(at / f"{name}.webp", lossless=True, method=6)
    (at / "request.json").write_text(json.dumps(REQUEST, indent=2) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    torch.set_num_threads(1)
    what, *paths = sys.argv[1:]
    {"diffusers": diffusers, "compare": compare, "keep": keep}[what](*map(Path, paths))
