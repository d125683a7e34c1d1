"""Writes the checkpoint (SDXL single-file layout, fp16) from the training state, and LoRAs in kohya naming.

    python3 export.py STATE_DIR OUT.safetensors            trained weights (EMA)
    python3 export.py --untrained OUT.safetensors          random weights of the same layout
"""
import argparse
import os
from pathlib import Path

import torch
from safetensors.torch import save_file

from captions import WORDS
from nets import CONFIG, POSITIONS, VAE, VOCAB, TextEncoder1, TextEncoder2, UNet
from tokenizer import Bpe, Compact

PREFIX = {"unet": "model.diffusion_model.", "te1": "conditioner.embedders.0.transformer.", "te2": "conditioner.embedders.1.model.", "vae": "first_stage_model."}


def build(compact):
    return {"unet": UNet(**CONFIG["unet"]), "te1": TextEncoder1(len(compact), **CONFIG["te1"]), "te2": TextEncoder2(len(compact), **CONFIG["te2"]), "vae": VAE(**CONFIG["vae"])}


def scatter(rows, compact):
    """Small table -> 49,408 rows; rows of ids without training are zero, so the file compresses well."""
    full = torch.zeros(VOCAB, rows.shape[1])
    for i, token in enumerate(compact.ids):
        if token >= 0:
            full[token] = rows[i]
    return full


def checkpoint(parts, compact):
    out = {}
    for name, module in parts.items():
        for k, v in module.state_dict().items():
            if k.endswith("token_embedding.weight"):
                v = scatter(v.float(), compact)
            out[PREFIX[name] + k] = v.detach().to(torch.float16, copy=True).contiguous()
    last = f"{PREFIX['te1']}text_model.encoder.layers.{CONFIG['te1']['layers'] - 1}."
    for k, v in out.items():  # encoder 1's last layer is never used (clip skip 2) and never trained: make it an identity
        if k.startswith(last) and "layer_norm" not in k:
            v.zero_()
    out[PREFIX["te1"] + "text_model.embeddings.position_ids"] = torch.arange(POSITIONS)[None]
    bad = [k for k, v in out.items() if v.is_floating_point() and not v.isfinite().all()]
    assert not bad, bad
    return out


def write(tensors, path, metadata):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tmp = path.with_name(path.name + ".tmp")
    save_file(tensors, str(tmp), metadata=metadata)
    os.chmod(tmp, 0o644)
    os.replace(tmp, path)


META = {"format": "pt", "modelspec.title": "fooocusd demo", "modelspec.architecture": "stable-diffusion-xl-v1-base", "modelspec.license": "MIT"}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("paths", nargs="+")
    p.add_argument("--untrained", action="store_true")
    a = p.parse_args()
    torch.manual_seed(0)
    compact = Compact(Bpe(), WORDS)
    parts = build(compact)
    if not a.untrained:
        state = Path(a.paths[0])
        parts["vae"].load_state_dict(torch.load(state / "vae.pt")["model"])
        ema = torch.load(state / "model.pt")["ema"]
        for k in ("unet", "te1", "te2"):
            parts[k].load_state_dict(ema[k])
    tensors = checkpoint(parts, compact)
    write(tensors, a.paths[-1], META)
    print({k: sum(v.numel() for v in m.parameters()) for k, m in parts.items()}, "tensors", len(tensors), "non-zero", sum(int((v != 0).sum()) for v in tensors.values()))


if __name__ == "__main__":
    main()
