"""Other families than LoRA and LoCon, and LoRAs that are damaged or not for an untouched base: files that are refused."""

import json

import lycoris.kohya
import peft
import torch
from lycoris import create_lycoris
from lycoris.wrapper import LycorisNetwork
from safetensors.torch import load_file, save_file

import lora_spellings as spellings
from lora_models import config, models, trained

LINEAR = ["down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"]
CONV = ["down_blocks.1.resnets.0.conv1"]
NORM = ["down_blocks.1.attentions.0.transformer_blocks.0.norm1"]


def with_lycoris(target, algo, names=LINEAR, **options):
    """Made by LyCORIS in kohya's names."""
    network = lycoris.kohya.create_network(1.0, 4, 2.0, None, [], models()["unet"], algo=algo, **options)
    keep(network.unet_loras, target, [f"lora_unet_{name.replace('.', '_')}" for name in names])


def keep(loras, target, wanted):
    kept = {lora.lora_name: lora for lora in loras if lora.lora_name in wanted}
    assert sorted(kept) == sorted(wanted), set(wanted) - set(kept)
    file = {}
    for name, lora in kept.items():
        saved = lora.custom_state_dict() or lora.state_dict()
        file |= {f"{name}.{k}": v.detach().clone().contiguous() for k, v in saved.items()}
    save_file(file, target)


def lora_tlora(folder, target):
    with_lycoris(target, "tlora")


def with_peft(folder, target, adapter):
    """Made by PEFT: `base_model.model.` and its own suffixes."""
    model = peft.get_peft_model(models()["unet"], adapter)
    model.save_pretrained(folder)
    (folder / "adapter_model.safetensors").rename(target)


def lora_randlora_peft(folder, target):
    with_peft(folder, target, peft.RandLoraConfig(r=8, target_modules=LINEAR))


def with_diffusers(folder, target, adapter, metadata=("unet",)):
    """Made by PEFT and saved by diffusers' pipeline."""
    parts = models()
    trained(parts["unet"], adapter)
    state = {"unet": spellings.state(parts["unet"])}
    spellings.save_pipeline(folder, target, parts, state, metadata)


def lora_pissa(folder, target):
    with_diffusers(folder, target, config(LINEAR, init_lora_weights="pissa"))


def lora_olora(folder, target):
    with_diffusers(folder, target, config(LINEAR, init_lora_weights="olora"))


def lora_kept_modules(folder, target):
    """PEFT's `modules_to_save`: whole weights beside the factors."""
    with_peft(folder, target, config(LINEAR, modules_to_save=["conv_out"]))


def damaged(target, change, metadata=None):
    """A good file with one thing changed, as no package writes it."""
    stem = f"lora_unet_{LINEAR[0].replace('.', '_')}"
    file = {
        f"{stem}.lora_down.weight": torch.randn(2, 64),
        f"{stem}.lora_up.weight": torch.randn(64, 2),
        f"{stem}.alpha": torch.tensor(1.0),
    }
    change(file, stem)
    save_file(file, target, metadata)


def lora_without_down(folder, target):
    damaged(target, lambda file, stem: file.pop(f"{stem}.lora_down.weight"))


def lora_without_up(folder, target):
    damaged(target, lambda file, stem: file.pop(f"{stem}.lora_up.weight"))


def lora_replaced_weight(folder, target):
    """ComfyUI's `set_weight`."""
    damaged(target, lambda file, stem: file.update({f"{stem}.set_weight": torch.randn(64, 64)}))


def lora_strange_part(folder, target):
    damaged(target, lambda file, stem: file.update({f"{stem}.lora_down.scale_weight": torch.ones(1)}))


def lora_broken_metadata(folder, target):
    damaged(target, lambda file, stem: None, {"lora_adapter_metadata": '{"unet.r": 2,'})


def lora_other_rank(folder, target):
    said = {"unet.r": 16, "unet.lora_alpha": 16}
    damaged(target, lambda file, stem: file.pop(f"{stem}.alpha"), {"lora_adapter_metadata": json.dumps(said)})


def lora_two_strengths(folder, target):
    said = {"unet.r": 2, "unet.lora_alpha": 8}
    damaged(target, lambda file, stem: None, {"lora_adapter_metadata": json.dumps(said)})


def lora_zero_to_the_end(folder, target):
    """A download into a file of the right size that broke off: the last module is nothing but zeros."""
    stem = f"lora_unet_{LINEAR[0].replace('.', '_')}"
    last = stem.replace("down_blocks_1", "up_blocks_1")
    file = {f"{stem}.lora_down.weight": torch.randn(2, 64), f"{stem}.lora_up.weight": torch.randn(64, 2)}
    file |= {f"{last}.lora_down.weight": torch.zeros(2, 64), f"{last}.lora_up.weight": torch.zeros(64, 2)}
    save_file(file, target)


def lora_empty(folder, target):
    save_file({}, target)


FILES = [
    value for name, value in list(globals().items()) if name.startswith("lora_") and callable(value)
]
