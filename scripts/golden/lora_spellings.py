"""LoRA and LoCon under every name that tools give them: files that are read."""

import lycoris.kohya
import peft
import torch
from diffusers.training_utils import _collate_lora_metadata
from diffusers.utils import convert_state_dict_to_diffusers, convert_state_dict_to_kohya
from lycoris import create_lycoris
from lycoris.wrapper import LycorisNetwork
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from lora_models import LDM, config, deltas, loaded, models, own_name, pipeline, trained

# LyCORIS 4.1 finds diffusers' time embedding twice, by its class and by its name, and stops there.
lycoris.kohya.PRESET["full"] = {**lycoris.kohya.PRESET["full"], "unet_target_name": []}

BLOCK = "down_blocks.1.attentions.0.transformer_blocks.0"
LINEARS = [f"{BLOCK}.attn1.to_q", f"{BLOCK}.attn1.to_out.0", f"{BLOCK}.attn2.to_k", f"{BLOCK}.ff.net.2"]
CONVS = ["down_blocks.1.resnets.0.conv_shortcut", "down_blocks.0.downsamplers.0.conv", "mid_block.attentions.0.proj_in"]
TEXT = ["encoder.layers.0.self_attn.q_proj", "encoder.layers.1.self_attn.out_proj", "encoder.layers.2.mlp.fc2"]


def factors(alpha=2, **options):
    """All three networks with trained adapters; rank 2 gives a scale of alpha / 2."""
    parts = models()
    trained(parts["unet"], config(LINEARS + CONVS, alpha=alpha, **options))
    for part in ("textL", "textG"):
        trained(parts[part], config(TEXT, alpha=alpha, **options))
    return parts


def state(model):
    return {k: v.contiguous() for k, v in get_peft_model_state_dict(model).items()}


def save_pipeline(folder, target, parts, states=None, metadata=()):
    states = states or {part: state(model) for part, model in parts.items()}
    named = {"unet": parts["unet"], "text_encoder": parts["textL"], "text_encoder_2": parts["textG"]}
    pipeline(models()).save_lora_weights(
        folder,
        unet_lora_layers=states.get("unet"),
        text_encoder_lora_layers=states.get("textL"),
        text_encoder_2_lora_layers=states.get("textG"),
        weight_name="made.safetensors",
        **_collate_lora_metadata({name: named[name] for name in metadata}),
    )
    (folder / "made.safetensors").rename(target)


def kohya(parts, unet=lambda name: name, text="text_model."):
    """What kohya's sd-scripts write: underscored names, lora_down, lora_up, and an alpha for each module."""
    file = {}
    for part, prefix in (("unet", "lora_unet"), ("textL", "lora_te1"), ("textG", "lora_te2")):
        for key, value in state(parts[part]).items():
            name, half = key.removesuffix(".weight").rsplit(".lora_", 1)
            name = unet(name) if part == "unet" else text + name.removeprefix("text_model.")
            stem = f"{prefix}_{name.replace('.', '_')}"
            file[f"{stem}.lora_{'down' if half == 'A' else 'up'}.weight"] = value
            file[f"{stem}.alpha"] = torch.tensor(float(parts[part].peft_config["default"].lora_alpha))
    return file


def lora_kohya_ldm_names(folder, target):
    save_file(kohya(factors(alpha=1), unet=LDM.get), target, {"ss_base_model_version": "sdxl_base_v1-0"})
    return loaded(target)


def lora_kohya_diffusers_names(folder, target):
    parts = factors()
    both = {f"unet.{k}": v for k, v in state(parts["unet"]).items()}
    both |= {f"text_encoder.text_model.{k}": v for k, v in state(parts["textL"]).items()}
    both |= {f"text_encoder_2.{k}": v for k, v in state(parts["textG"]).items()}
    save_file(convert_state_dict_to_kohya(both), target)
    return loaded(target)


def lora_kohya_alpha_types(folder, target):
    """Alphas in every type that tools save them in, one of them 0, shaped [] or [1]. diffusers looks alphas of attention up
    under another name than it keeps them and takes the commonest for all, so the numbers are PEFT's with alpha 1, times
    alpha, which is what kohya, ComfyUI and Fooocus make of them."""
    parts = models()
    trained(parts["unet"], config(LINEARS + CONVS[:1]))
    trained(parts["textL"], config(TEXT[1:2]))
    trained(parts["textG"], config(TEXT[1:2]))
    file = kohya(parts)
    alphas = [k for k in file if k.endswith(".alpha")]
    kinds = [torch.float16, torch.bfloat16, torch.int64, torch.float32, torch.float64, torch.float16, torch.bfloat16]
    for key, kind, alpha in zip(alphas, kinds, [0.0, 1.0, 3.0, 0.5, 4.0, 1.5, 8.0], strict=True):
        file[key] = torch.tensor(alpha).to(kind)
    file[alphas[1]] = file[alphas[1]][None]
    save_file(file, target)
    found = {}
    for (part, module), delta in deltas(parts).items():
        names = {own_name(part, name): name for name, _ in parts[part].named_modules() if own_name(part, name)}
        end = names[module].removeprefix("text_model.").replace(".", "_") + ".alpha"
        prefix = {"unet": "lora_unet", "textL": "lora_te1", "textG": "lora_te2"}[part]
        (key,) = [key for key in alphas if key.startswith(prefix) and key.endswith(end)]
        found[part, module] = delta * file[key].double().item()
    return found


def lora_locon_lycoris_kohya(folder, target):
    parts = models()
    network = lycoris.kohya.create_network(
        1.0, 2, 1.0, None, [parts["textL"], parts["textG"]], parts["unet"], conv_dim=2, conv_alpha=4, algo="locon"
    )
    wanted = [f"lora_unet_{name.replace('.', '_')}" for name in LINEARS + CONVS]
    wanted += [f"lora_te{n}_{prefix}{TEXT[0].replace('.', '_')}" for n, prefix in ((1, ""), (2, "text_model_"))]
    return save_lycoris(network, target, wanted)


def save_lycoris(network, target, wanted):
    """Keeps a few of a network's modules, trains them and saves them; answers with LyCORIS' own differences."""
    loras = getattr(network, "unet_loras", network.loras) + getattr(network, "text_encoder_loras", [])
    kept = {lora.lora_name: lora for lora in loras if lora.lora_name in wanted}
    assert sorted(kept) == sorted(wanted), set(wanted) - set(kept)
    file, found = {}, {}
    dotted = {name.replace(".", "_"): ("unet", name) for name in LDM}
    for part in ("textL", "textG"):
        dotted |= {f"{part}_{n.replace('.', '_')}": (part, n) for n, _ in models()[part].named_modules()}
    for name, lora in kept.items():
        with torch.no_grad():
            for parameter in lora.parameters():
                if parameter.is_floating_point() and parameter.requires_grad:
                    parameter.copy_(torch.randn_like(parameter) * 0.2)
        saved = lora.custom_state_dict() or lora.state_dict()
        file |= {f"{name}.{k}": v.contiguous() for k, v in saved.items()}
        for prefix, part in (("lora_unet_", ""), ("lycoris_", ""), ("lora_te1_", "textL_"), ("lora_te2_", "textG_")):
            if name.startswith(prefix):
                part, module = dotted[part + name.removeprefix(prefix)]
                break
        found[part, own_name(part, module)] = lora.get_diff_weight()[0].detach()
    save_file(file, target)
    return found


def lora_lycoris_wrapper(folder, target):
    LycorisNetwork.apply_preset({"enable_conv": True, "target_name": [], "target_module": ["Linear", "Conv2d"]})
    network = create_lycoris(models()["unet"], 1.0, linear_dim=2, linear_alpha=1, conv_dim=2, conv_alpha=1, algo="lora")
    wanted = [f"lycoris_{name.replace('.', '_')}" for name in LINEARS + CONVS]
    return save_lycoris(network, target, wanted)


def lora_diffusers_peft_names(folder, target):
    save_pipeline(folder, target, factors())
    return loaded(target)


def lora_diffusers_metadata(folder, target):
    """Ranks and alphas by pattern, rank-stabilised in one encoder; each part has its own."""
    parts = models()
    patterns = {"rank_pattern": {"attn2.to_k": 4, r"^down_blocks\.\d+\.resnets.*": 3}, "alpha_pattern": {"attn2.to_k": 3, "(to_q|fc2)": 5}}
    trained(parts["unet"], config(LINEARS + CONVS, r=2, alpha=8, **patterns))
    trained(parts["textL"], config(TEXT, r=2, alpha=3, use_rslora=True))
    trained(parts["textG"], config(TEXT, r=4, alpha=1, alpha_pattern={r"layers.[12]\..*": 6}))
    save_pipeline(folder, target, parts, metadata=("unet", "text_encoder", "text_encoder_2"))
    return loaded(target)


def lora_diffusers_unet_adapter(folder, target):
    parts = models()
    parts["unet"].add_adapter(config(LINEARS + CONVS, alpha=6), adapter_name="default")
    with torch.no_grad():
        for name, tensor in parts["unet"].named_parameters():
            if ".lora_" in name:
                tensor.copy_(torch.randn_like(tensor) * 0.2)
    parts["unet"].save_lora_adapter(folder, weight_name="made.safetensors")
    (folder / "made.safetensors").rename(target)
    fresh = models()
    # Without `use_safetensors` the file is read by a door that forgets the header, and every scale is 1.
    fresh["unet"].load_lora_adapter(str(target), prefix=None, use_safetensors=True)
    return deltas(fresh)


def lora_diffusers_training_scripts(folder, target):
    """`convert_state_dict_to_diffusers`, as the scripts do: attention as lora.down, the rest left as lora_A. diffusers
    itself reads one half of such a file, by what its first key is called, so the numbers are PEFT's before saving."""
    parts = factors()
    states = {part: convert_state_dict_to_diffusers(state(model)) for part, model in parts.items()}
    save_pipeline(folder, target, parts, states)
    return deltas(parts)


def lora_diffusers_attention_processors(folder, target):
    """diffusers before 0.22: only attention, `processor.to_out_lora` without the 0, text encoders likewise."""
    parts = models()
    names = [name for name in LINEARS if "attn" in name]
    trained(parts["unet"], config(names))
    for part in ("textL", "textG"):
        trained(parts[part], config(TEXT[:2]))
    file = {}
    for key, value in state(parts["unet"]).items():
        name, half = key.removesuffix(".weight").rsplit(".lora_", 1)
        block, projection = name.removesuffix(".0").rsplit(".", 1)
        file[f"unet.{block}.processor.{projection}_lora.{'down' if half == 'A' else 'up'}.weight"] = value
    old = {"q_proj": "to_q", "out_proj": "to_out"}
    for part, prefix in (("textL", "text_encoder.text_model."), ("textG", "text_encoder_2.")):
        for key, value in state(parts[part]).items():
            name, half = key.removesuffix(".weight").rsplit(".lora_", 1)
            block, projection = name.rsplit(".", 1)
            file[f"{prefix}{block}.{old[projection]}_lora.{'down' if half == 'A' else 'up'}.weight"] = value
    save_file(file, target)
    return loaded(target)


def lora_peft_save_pretrained(folder, target):
    """`PeftModel.save_pretrained`: the alpha stands in another file."""
    model = peft.get_peft_model(models()["unet"], config(LINEARS + CONVS, alpha=2, init_lora_weights=False))
    model.save_pretrained(folder)
    (folder / "adapter_model.safetensors").rename(target)
    return deltas({"unet": model.base_model.model})


def lora_peft_state_dict(folder, target):
    """The model's own state, with the adapter's name inside."""
    model = peft.get_peft_model(models()["unet"], config(LINEARS + CONVS, alpha=2, init_lora_weights=False))
    save_file({k: v.contiguous() for k, v in model.state_dict().items() if ".lora_" in k}, target)
    return deltas({"unet": model.base_model.model})


def lora_comfyui_names(folder, target):
    """The networks' own names as ComfyUI has them, which OneTrainer writes for it; alphas kept."""
    parts = factors(alpha=3)
    file = {}
    for part, prefix in (
        ("unet", "diffusion_model."),
        ("textL", "text_encoders.clip_l.transformer.text_model."),
        ("textG", "text_encoders.clip_g.transformer.text_model."),
    ):
        for key, value in state(parts[part]).items():
            name, half = key.rsplit(".lora_", 1)
            file[f"{prefix}{own_name(part, name)}.lora_{half}"] = value
            file[f"{prefix}{own_name(part, name)}.alpha"] = torch.tensor(3.0)
    save_file(file, target)
    return deltas(parts)


def lora_diffusion_model_diffusers_names(folder, target):
    parts = models()
    trained(parts["unet"], config(LINEARS + CONVS, alpha=2))
    save_file({f"diffusion_model.{k}": v for k, v in state(parts["unet"]).items()}, target)
    return deltas(parts)


def lora_bare_a_b(folder, target):
    """`.lora_A` without `.weight`."""
    parts = models()
    trained(parts["unet"], config(LINEARS, alpha=2))
    save_file({f"diffusion_model.{k.removesuffix('.weight')}": v for k, v in state(parts["unet"]).items()}, target)
    return deltas(parts)


def lora_onetrainer(folder, target):
    """diffusers' names in kohya's spelling, the first encoder as transformers 5 has it, and embeddings beside."""
    parts = factors(alpha=1)
    file = kohya(parts, text="")
    file |= {f"bundle_emb.style.clip_{n}": torch.randn(2, width) for n, width in (("l", 64), ("g", 128))}
    save_file(file, target, {"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"})
    return deltas(parts)


def lora_text_projection(folder, target):
    """The second encoder's projection trained, too."""
    parts = factors(alpha=2)
    parts["textG"] = trained(models()["textG"], config(TEXT + ["text_projection"], alpha=2))
    file = kohya(parts)
    file = {k.replace("lora_te2_text_model_text_projection", "lora_te2_text_projection"): v for k, v in file.items()}
    save_file(file, target)
    return {key: delta for key, delta in deltas(parts).items() if key[1] != "text_projection"}


def lora_linear_as_kernel(folder, target):
    """1 x 1 kernels for linear layers and matrices for 1 x 1 kernels: the same bytes."""
    parts = models()
    trained(parts["unet"], config(LINEARS[:1] + CONVS[:1], alpha=1))
    trained(parts["textL"], config(TEXT[:1]))
    trained(parts["textG"], config(TEXT[:1]))
    file = kohya(parts)
    for key, value in file.items():
        if value.dim() == 2:
            file[key] = value[..., None, None]
        elif value.dim() == 4:
            file[key] = value.flatten(1)
    save_file(file, target)
    return deltas(parts)


FILES = [value for name, value in list(globals().items()) if name.startswith("lora_") and callable(value)]
