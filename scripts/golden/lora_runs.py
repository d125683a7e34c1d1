"""What whole networks answer with files of other families, alone at several strengths and several together: the tiny
checkpoint's networks in diffusers and transformers, with the packages' differences added to their weights."""

import torch

import loras
import networks
from lora_models import LDM, WEIGHTS

ALONE = ["loha", "lokr", "dora", "glora", "ia3", "oft-constrained", "boft-rescaled", "full-difference", "norm-difference"]
STRENGTHS = (1.0, 0.6, -0.5, 0.0)
# file -> strength; the plain ones of loras.py by their own names
TOGETHER = {
    "loha and dora": {"loha": 0.6, "dora": -0.5},
    "all that add": {"loha": 0.6, "lokr": -0.5, "glora": 1.0, "full-difference": 0.6, "ia3": 1.0},
    "turns and a plain one": {"oft-constrained": 0.6, "lokr": 1.0, "tiny-lora-sgm": 0.7},
    "stages and both plain ones": {
        "boft-rescaled": -0.5,
        "dora": 0.6,
        "tiny-lora-sgm": 0.7,
        "tiny-lora-diffusers": -0.4,
    },
}
PLAIN = {
    "tiny-lora-sgm": lambda: (loras.SGM, loras.make(loras.SGM, WEIGHTS, 4, 2.0, torch.float16, 41)),
    "tiny-lora-diffusers": lambda: (loras.DIFFUSERS, loras.make(loras.DIFFUSERS, WEIGHTS, 3, None, torch.float32, 42)),
}
TOKENS = 4


def name_of(uses):
    return " + ".join(f"{name} {strength:g}" for name, strength in uses.items())


@torch.no_grad()
def answers(uses, differences):
    """`differences`: file -> (part, tensor) -> strength -> difference."""
    weights = WEIGHTS
    for name, strength in uses.items():
        if name in PLAIN:
            weights = loras.fold(weights, *PLAIN[name](), strength)
    parts = {
        "unet": networks.unet_of(weights),
        "textL": networks.text_l_of(weights),
        "textG": networks.text_g_of(weights),
    }
    ours = {part: {} for part in parts}
    for part, model in parts.items():
        for key, value in model.named_parameters():
            module, kind = key.rsplit(".", 1) if "." in key else ("", key)
            module = LDM.get(module, module) if part == "unet" else module.removeprefix("text_model.")
            ours[part][f"{module}.{kind}"] = value
    for name, strength in uses.items():
        for (part, tensor), deltas in differences.get(name, {}).items():
            ours[part][tensor] += deltas[strength]
    text = networks.text_case(parts["textL"], parts["textG"])
    return {
        "unet": networks.unet_case(parts["unet"], 21, 1, 9, 7, 154, [499.0])["prediction"],
        "text-l": text["hidden_l_2"][:, :TOKENS],
        "text-g": text["hidden_g_2"][:, :TOKENS],
    }


def runs(differences):
    """All answers that need no other files than these, as tensors by `uses|network`."""
    wanted = [{name: strength} for name in ALONE for strength in STRENGTHS] + list(TOGETHER.values())
    found = {}
    for uses in wanted:
        if not all(name in differences or name in PLAIN for name in uses):
            continue
        for network, answer in answers(uses, differences).items():
            found[f"{name_of(uses)}|{network}"] = answer.contiguous()
    return found
