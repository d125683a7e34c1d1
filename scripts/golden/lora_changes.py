"""Families whose files change the weights themselves, by the packages that write them: LyCORIS and PEFT. Files that are read.

Each function answers with what the package makes of the weights, (part, tensor) -> {strength: difference}, in float32. Where
a package scales twice or keeps something at strength 0, the comment says which of its ways is taken.
"""

import copy

import lycoris.kohya
import peft
import torch
from lycoris import create_lycoris
from lycoris.modules.full import FullModule
from lycoris.modules.norms import NormModule
from lycoris.wrapper import LycorisNetwork
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import load_file, save_file

import lora_spellings as spellings
from lora_models import MODELS, config, models, own_name, trained

STRENGTHS = (1.0, 0.6, -0.5, 0.0)
BLOCK = "down_blocks.1.attentions.0.transformer_blocks.0"
LINEARS = [f"{BLOCK}.attn1.to_q", f"{BLOCK}.attn1.to_out.0", f"{BLOCK}.attn2.to_k"]
CONVS = ["down_blocks.1.resnets.0.conv_shortcut", "down_blocks.1.resnets.0.conv2"]
TEXT = ["encoder.layers.0.self_attn.q_proj", "encoder.layers.1.self_attn.out_proj"]
NORMS = [f"{BLOCK}.norm1", "down_blocks.1.resnets.0.norm2"]


def organ(part, name):
    """A module of a plain network by its name, whichever version of transformers named it."""
    found = dict(MODELS[part].named_modules())
    return found.get(name) or found[f"text_model.{name}"]


def linear(delta):
    """What is the same at every strength but for the factor."""
    return {s: s * delta for s in STRENGTHS}


def stems():
    """kohya's names of the modules that every family here is on, with the module."""
    named = {f"lora_unet_{n.replace('.', '_')}": ("unet", n) for n in LINEARS + CONVS}
    for part, prefix in (("textL", "lora_te1_text_model_"), ("textG", "lora_te2_text_model_")):
        named |= {f"{prefix}{n.replace('.', '_')}": (part, n) for n in TEXT}
    return named


def shaken(lora, size=0.2):
    with torch.no_grad():
        for name, parameter in lora.named_parameters():
            if not (parameter.is_floating_point() and parameter.requires_grad) or name.startswith("org"):
                continue
            if name == "rescale":
                parameter.copy_(1 + torch.randn_like(parameter) * 0.1)
            elif name == "dora_scale":
                parameter.mul_(1 + torch.randn_like(parameter) * 0.1)
            else:
                parameter.copy_(torch.randn_like(parameter) * size)


def lycoris_file(target, kind, difference, size=0.2, only=None, **options):
    """Made by LyCORIS' own module class on every module of `stems`."""
    file, found = {}, {}
    for stem, (part, name) in stems().items():
        if only is not None and name not in only:
            continue
        module = copy.deepcopy(organ(part, name))
        lora = kind(stem, module, 1.0, **options)
        shaken(lora, size)
        saved = lora.custom_state_dict() or lora.state_dict()
        file |= {f"{stem}.{k}": v.detach().clone().contiguous() for k, v in saved.items() if k != "scalar"}
        found[part, f"{own_name(part, name)}.weight"] = {
            s: difference(lora, module, s).detach().reshape(module.weight.shape) for s in STRENGTHS
        }
    save_file(file, target)
    return found


def module_class(algo):
    return lycoris.kohya.network_module_dict[algo]


def once(lora, module, s):
    """LoHa, LoKr: `get_weight` has the scale in it, once, as the live forward; `get_diff_weight` would scale again."""
    return s * lora.get_weight(module.weight.shape)


def own(lora, module, s):
    return lora.get_diff_weight(s)[0]


def decomposed(lora, module, s):
    """DoRA at strength 1 is what all packages agree on; between 0 and 1 it is the straight line."""
    if hasattr(lora, "get_weight"):
        weight = lora.apply_weight_decompose(module.weight + lora.get_weight(module.weight.shape), 1)
    else:
        weight = lora.get_merged_weight(1)[0]
    return s * (weight - module.weight)


def lora_loha(folder, target):
    return lycoris_file(target, module_class("loha"), once, lora_dim=4, alpha=2)


def lora_loha_tucker(folder, target):
    return lycoris_file(target, module_class("loha"), once, 0.5, CONVS[1:], lora_dim=4, alpha=2, use_tucker=True)


def lora_lokr(folder, target):
    return lycoris_file(target, module_class("lokr"), once, lora_dim=2, alpha=1, factor=8)


def lora_lokr_factors(folder, target):
    """Both sides products, balanced."""
    options = {"lora_dim": 2, "alpha": 3, "factor": -1, "decompose_both": True}
    return lycoris_file(target, module_class("lokr"), once, 0.4, **options)


def lora_lokr_unbalanced(folder, target):
    options = {"lora_dim": 2, "alpha": 1, "factor": 4, "unbalanced_factorization": True}
    return lycoris_file(target, module_class("lokr"), once, **options)


def lora_lokr_whole(folder, target):
    """Neither side a product: no rank, so no scale."""
    return lycoris_file(target, module_class("lokr"), once, lora_dim=100000, alpha=3, factor=8, full_matrix=True)


def lora_lokr_tucker(folder, target):
    return lycoris_file(target, module_class("lokr"), once, 0.5, CONVS[1:], lora_dim=4, alpha=2, factor=4, use_tucker=True)


def lora_lokr_wrapper(folder, target):
    LycorisNetwork.apply_preset({"enable_conv": True, "target_name": [], "target_module": ["Linear"]})
    network = create_lycoris(models()["unet"], 1.0, linear_dim=4, linear_alpha=2, algo="lokr", factor=8)
    file, found = {}, {}
    for lora in network.loras:
        for name in LINEARS:
            if lora.lora_name != f"lycoris_{name.replace('.', '_')}":
                continue
            shaken(lora)
            file |= {f"{lora.lora_name}.{k}": v.detach().clone() for k, v in lora.custom_state_dict().items()}
            delta = lora.get_weight(organ("unet", name).weight.shape).detach()
            found["unet", f"{own_name('unet', name)}.weight"] = linear(delta)
    save_file(file, target)
    return found


def lora_dora(folder, target):
    return lycoris_file(target, module_class("lora"), decomposed, lora_dim=4, alpha=2, weight_decompose=True, wd_on_out=True)


def lora_dora_on_inputs(folder, target):
    options = {"lora_dim": 4, "alpha": 2, "weight_decompose": True, "wd_on_out": False}
    return lycoris_file(target, module_class("lora"), decomposed, **options)


def lora_doha(folder, target):
    options = {"lora_dim": 4, "alpha": 2, "weight_decompose": True, "wd_on_out": True}
    return lycoris_file(target, module_class("loha"), decomposed, **options)


def lora_dokr(folder, target):
    options = {"lora_dim": 2, "alpha": 1, "factor": 8, "weight_decompose": True, "wd_on_out": True}
    return lycoris_file(target, module_class("lokr"), decomposed, **options)


def lora_glora(folder, target):
    return lycoris_file(target, module_class("glora"), own, lora_dim=4, alpha=2)


def lora_glora_old(folder, target):
    """Before LyCORIS turned the names round: a1 [r, in], a2 [in, r], b1 [r, in], b2 [out, r]."""
    found = lycoris_file(target, module_class("glora"), own, lora_dim=4, alpha=2)
    swap = {".a1.": ".a2.", ".a2.": ".a1.", ".b1.": ".b2.", ".b2.": ".b1."}
    file = load_file(target)
    save_file({next((k.replace(a, b) for a, b in swap.items() if a in k), k): v for k, v in file.items()}, target)
    return found


def lora_ia3(folder, target):
    return lycoris_file(target, module_class("ia3"), own)


def lora_ia3_inputs(folder, target):
    return lycoris_file(target, module_class("ia3"), own, train_on_input=True)


def lora_oft(folder, target):
    return lycoris_file(target, module_class("diag-oft"), own, lora_dim=8, alpha=0)


def rescaled(lora, module, s):
    """Rescaling, which LyCORIS keeps at strength 0; at others than 1 its shapes do not fit, so it is done here."""
    if s == 1:
        return own(lora, module, s)
    lora.rescaled = False
    turned = module.weight + own(lora, module, s)
    lora.rescaled = True
    return turned * lora.rescale - module.weight


def lora_oft_constrained(folder, target):
    """A limit that all modules are beyond."""
    return lycoris_file(target, module_class("diag-oft"), rescaled, lora_dim=8, alpha=0, constraint=0.01, rescaled=True)


def lora_boft(folder, target):
    return lycoris_file(target, module_class("boft"), own, lora_dim=8, alpha=0)


def lora_boft_rescaled(folder, target):
    return lycoris_file(target, module_class("boft"), own, lora_dim=8, alpha=0, rescaled=True)


@torch.no_grad()
def lora_full_difference(folder, target):
    """Weights and biases; the file is what LyCORIS makes its module of."""
    file, found = {}, {}
    for stem, (part, name) in stems().items():
        module = organ(part, name)
        diff = (torch.randn_like(module.weight) * 0.05).half().float()
        bias = None if module.bias is None else (torch.randn_like(module.bias) * 0.2).half().float()
        lora = FullModule.make_module_from_state_dict(stem, copy.deepcopy(module), diff, bias)
        file |= {f"{stem}.diff": diff} | ({} if bias is None else {f"{stem}.diff_b": bias})
        both = {s: lora.get_diff_weight(s) for s in STRENGTHS}
        found[part, f"{own_name(part, name)}.weight"] = {s: w.detach() for s, (w, _) in both.items()}
        if bias is not None:
            found[part, f"{own_name(part, name)}.bias"] = {s: b.detach() for s, (_, b) in both.items()}
    save_file({k: v.detach().half() for k, v in file.items()}, target)
    return found


@torch.no_grad()
def lora_norm_difference(folder, target):
    file, found = {}, {}
    for name in NORMS:
        module = copy.deepcopy(organ("unet", name))
        stem = f"lora_unet_{name.replace('.', '_')}"
        lora = NormModule(stem, module, 1.0)
        shaken(lora)
        file |= {f"{stem}.{k}": v.detach().clone() for k, v in lora.state_dict().items() if k.endswith("_norm")}
        for tensor, at in (("weight", 0), ("bias", 1)):
            made = {s: lora.get_diff_weight(s)[at].detach() for s in STRENGTHS}
            found["unet", f"{own_name('unet', name)}.{tensor}"] = made
    save_file(file, target)
    return found


def merged(model, part="unet"):
    """What PEFT adds to weights and biases when it merges."""
    found = {}
    for name, layer in model.named_modules():
        if not isinstance(layer, BaseTunerLayer):
            continue
        base = layer.get_base_layer()
        before = {k: v.detach().clone() for k, v in base.named_parameters()}
        layer.merge()
        for key, value in base.named_parameters():
            if not torch.equal(value, before[key]):
                found[part, f"{own_name(part, name)}.{key}"] = linear((value - before[key]).detach())
    return found


def with_peft(folder, target, adapter, size=0.2):
    """Made by PEFT: `base_model.model.` and its own suffixes; alpha is the rank, for it stands in another file."""
    model = peft.get_peft_model(models()["unet"], adapter)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "default" in name and tensor.requires_grad:
                tensor.copy_(torch.randn_like(tensor) * size + (1 if "ia3" in name else 0))
    model.save_pretrained(folder)
    (folder / "adapter_model.safetensors").rename(target)
    return merged(model.base_model.model)


def lora_loha_peft(folder, target):
    return with_peft(folder, target, peft.LoHaConfig(r=2, alpha=2, target_modules=LINEARS + CONVS))


def lora_lokr_peft(folder, target):
    return with_peft(folder, target, peft.LoKrConfig(r=2, alpha=2, target_modules=LINEARS + CONVS))


def lora_oft_peft(folder, target):
    return with_peft(folder, target, peft.OFTConfig(r=0, oft_block_size=8, target_modules=LINEARS + CONVS), 0.05)


def lora_oft_peft_shared(folder, target):
    adapter = peft.OFTConfig(r=0, oft_block_size=16, block_share=True, target_modules=LINEARS)
    return with_peft(folder, target, adapter, 0.05)


def lora_boft_peft(folder, target):
    """One stage, as on a machine without a graphics card."""
    return with_boft(folder, target, 1)


def lora_boft_peft_stages(folder, target):
    return with_boft(folder, target, 3)


def with_boft(folder, target, factor):
    """PEFT compiles a kernel that sets blocks along a diagonal, for graphics cards; all else of BOFT is its own Python. Of
    kernels it merges too, and of one strength alone: between it and none lies the straight line here."""
    layer = peft.tuners.boft.layer

    class Diagonal:
        apply = staticmethod(lambda stages: torch.stack([torch.block_diag(*blocks) for blocks in stages]))

    layer.get_fbd_cuda, layer.FastBlockDiag = (lambda: object()), Diagonal
    adapter = peft.BOFTConfig(boft_block_size=4, boft_n_butterfly_factor=factor, target_modules=LINEARS + CONVS)
    model = peft.get_peft_model(models()["unet"], adapter)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "boft_R" in name:
                tensor.copy_(torch.randn_like(tensor) * 0.3)
            elif "boft_s" in name:
                tensor.copy_(1 + torch.randn_like(tensor) * 0.1)
    model.save_pretrained(folder)
    (folder / "adapter_model.safetensors").rename(target)
    return merged(model.base_model.model)


def lora_ia3_peft(folder, target):
    adapter = peft.IA3Config(target_modules=LINEARS, feedforward_modules=LINEARS[2:])
    return with_peft(folder, target, adapter)


def with_diffusers(folder, target, adapter, metadata=("unet",)):
    """Made by PEFT and saved by diffusers' pipeline."""
    parts = models()
    trained(parts["unet"], adapter)
    if getattr(adapter, "use_dora", False):
        fresh_magnitudes(parts["unet"])
    state = {"unet": spellings.state(parts["unet"])}
    spellings.save_pipeline(folder, target, parts, state, metadata)
    return merged(parts["unet"])


def fresh_magnitudes(model):
    """Lengths are not noise about 0."""
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "magnitude" in name:
                tensor.copy_(1 + torch.rand_like(tensor))


def lora_dora_diffusers(folder, target):
    return with_diffusers(folder, target, config(LINEARS + CONVS, alpha=1, use_dora=True))


def lora_dora_ai_toolkit(folder, target):
    """ai-toolkit's network of type "dora" has the lengths under its own name."""
    found = with_diffusers(folder, target, config(LINEARS, alpha=2, use_dora=True), metadata=())
    file = load_file(target)
    save_file({k.replace("lora_magnitude_vector", "magnitude"): v for k, v in file.items()}, target)
    return found


def by_module(found):
    """Plain factors stand by the module that they are beside."""
    return {(part, tensor.removesuffix(".weight")): made[1.0] for (part, tensor), made in found.items()}


def lora_bias_diffusers(folder, target):
    """PEFT scales what its second factor adds to the outputs as it scales the factor."""
    return by_module(with_diffusers(folder, target, config(LINEARS[1:2], alpha=1, lora_bias=True)))


def lora_tucker(folder, target):
    options = {"lora_dim": 4, "alpha": 2, "use_tucker": True}
    return by_module(lycoris_file(target, module_class("lora"), own, 0.4, CONVS[1:], **options))


FILES = [value for name, value in list(globals().items()) if name.startswith("lora_") and callable(value)]
