"""The tiny checkpoint's networks as diffusers and transformers have them, and the differences that LoRAs make in them."""

import copy
import os

import peft
import torch
import transformers.integrations.peft as integration
from diffusers import StableDiffusionXLPipeline
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint
from peft.tuners.lora import LoraLayer

import networks
import tiny

os.environ["HF_HUB_OFFLINE"] = "1"
# transformers may ask for a PEFT that is not out yet; what is used of it here is years old.
integration.MIN_PEFT_VERSION = "0.18.0"

WEIGHTS = {k: v.float() for k, v in tiny.checkpoint().items()}
MODELS = {
    "unet": networks.unet_of(WEIGHTS),
    "textL": networks.text_l_of(WEIGHTS),
    "textG": networks.text_g_of(WEIGHTS),
}


def models():
    """Fresh copies: adapters are put into them."""
    return {part: copy.deepcopy(model) for part, model in MODELS.items()}


def ldm_names():
    """diffusers' module names -> the checkpoint's, as diffusers' own conversion has them."""
    prefix = "model.diffusion_model."
    stand_ins = {k: torch.tensor(float(i)) for i, k in enumerate(WEIGHTS) if k.startswith(prefix)}
    names = list(WEIGHTS)
    config = {"layers_per_block": 2, "class_embed_type": None, "addition_embed_type": "text_time"}
    converted = convert_ldm_unet_checkpoint(dict(stand_ins), config)
    return {
        k.removesuffix(".weight"): names[int(v)].removeprefix(prefix).removesuffix(".weight")
        for k, v in converted.items()
        if k.endswith(".weight")
    }


LDM = ldm_names()


def own_name(part, name):
    """A module's name here: LDM's in the UNet, transformers' below `text_model.` in the encoders."""
    return LDM.get(name) if part == "unet" else name.removeprefix("text_model.")


def pipeline(parts):
    """A pipeline with nothing but the networks that LoRAs are for."""
    rest = dict.fromkeys(["vae", "tokenizer", "tokenizer_2", "scheduler"])
    return StableDiffusionXLPipeline(
        unet=parts["unet"], text_encoder=parts["textL"], text_encoder_2=parts["textG"], **rest
    )


def deltas(parts):
    """(part, module) -> what PEFT's layers add to the weight, in float32."""
    found = {}
    for part, model in parts.items():
        for name, layer in model.named_modules():
            if isinstance(layer, LoraLayer):
                for adapter in layer.scaling:
                    found[part, own_name(part, name)] = layer.get_delta_weight(adapter).detach()
    return found


def loaded(file, **options):
    """The differences after diffusers has read a file."""
    parts = models()
    pipeline(parts).load_lora_weights(str(file.parent), weight_name=file.name, **options)
    return deltas(parts)


def probe(delta):
    """A difference [out, ...] times one vector, in float64: small, and wrong where one number of it is."""
    matrix = delta.double().flatten(1) if delta.dim() > 1 else delta.double()[:, None]
    return (matrix @ torch.sin(torch.arange(1, matrix.shape[1] + 1, dtype=torch.float64))).float()


def config(targets, r=2, alpha=1, **options):
    return peft.LoraConfig(r=r, lora_alpha=alpha, target_modules=targets, **options)


def trained(model, adapter):
    """A model with an adapter in it, all of whose tensors have been moved as if by training."""
    peft.inject_adapter_in_model(adapter, model)
    model.peft_config = {"default": adapter}
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "default" in name and tensor.requires_grad:
                tensor.copy_(torch.randn_like(tensor) * 0.2)
    return model
