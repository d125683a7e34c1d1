"""Writes the fixtures of the network tests: the tiny checkpoint, two LoRAs, and what diffusers and transformers make of
them in float32.

    python3 scripts/golden/networks.py

Needs torch, diffusers, transformers, safetensors and the zstd program. The same versions give the same bytes.
"""

import contextlib
import subprocess
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)
from diffusers.models.unets import unet_2d_blocks
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

import loras
import tiny

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"


def unet_of(weights, sizes=None):
    sizes = sizes or tiny.base_sizes()
    mc = sizes["mc"]
    cross, plain = "CrossAttn", ""
    kinds = [cross if depth else plain for depth in sizes["depth"]]
    config = {
        "block_out_channels": tuple(mc * m for m in sizes["mult"]),
        "down_block_types": tuple(f"{kind}DownBlock2D" for kind in kinds),
        "up_block_types": tuple(f"{kind}UpBlock2D" for kind in reversed(kinds)),
        "transformer_layers_per_block": [*(max(1, depth) for depth in sizes["depth"][:-1]), sizes["mid"]],
        "attention_head_dim": [max(1, mc * m // 64) for m in sizes["mult"]],  # the number of heads, by its old name
        "layers_per_block": 2,
        "cross_attention_dim": sizes["context"],
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": sizes["adm"],
    }
    if sizes["adm"] is None:
        config |= {"use_linear_projection": False, "attention_head_dim": 8}
        config = {key: value for key, value in config.items() if not key.startswith(("addition", "projection"))}
    model = UNet2DConditionModel(**config).eval()
    model.load_state_dict(convert_ldm_unet_checkpoint(dict(weights), {**config, "class_embed_type": None}))
    return model


def text_l_of(weights):
    prefix = "conditioner.embedders.0.transformer."
    config = CLIPTextConfig(
        vocab_size=tiny.VOCAB,
        hidden_size=tiny.WIDTH_L,
        intermediate_size=4 * tiny.WIDTH_L,
        num_hidden_layers=tiny.LAYERS,
        num_attention_heads=tiny.WIDTH_L // 64,
        hidden_act="quick_gelu",
        eos_token_id=49407,
    )
    model = CLIPTextModel(config).eval()
    return loaded(model, {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})


def text_g_of(weights):
    config = CLIPTextConfig(
        vocab_size=tiny.VOCAB,
        hidden_size=tiny.WIDTH_G,
        intermediate_size=4 * tiny.WIDTH_G,
        num_hidden_layers=tiny.LAYERS,
        num_attention_heads=tiny.WIDTH_G // 64,
        hidden_act="gelu",
        projection_dim=tiny.WIDTH_G,
        eos_token_id=49407,
    )
    model = CLIPTextModelWithProjection(config).eval()
    return loaded(model, convert_open_clip_checkpoint(model, dict(weights), prefix="conditioner.embedders.1.model."))


def loaded(model, state):
    """Loads a state dict whose names may or may not have the `text_model.` prefix this version of the library wants."""
    wanted = model.state_dict()
    plain = {k.removeprefix("text_model."): v for k, v in state.items()}
    renamed = {k: plain[k.removeprefix("text_model.")] for k in wanted if "position_ids" not in k}
    model.load_state_dict({**wanted, **renamed})
    return model


def vae_of(weights):
    config = {
        "block_out_channels": tuple(tiny.VAE_WIDTH * m for m in tiny.VAE_MULT),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 2,
        "latent_channels": 4,
    }
    model = AutoencoderKL(**config).eval()
    model.load_state_dict(convert_ldm_vae_checkpoint(dict(weights), config))
    return model


def noise(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


SIZES = {6: [1152.0, 896.0, 0.0, 16.0, 1024.0, 768.0], 5: [1152.0, 896.0, 0.0, 0.0, 2.5]}


def unet_case(model, seed, batch, height, width, tokens, timesteps):
    context = noise(seed + 1, batch, tokens, model.config.cross_attention_dim)
    pooled = noise(seed + 2, batch, tiny.WIDTH_G)
    told = (model.config.projection_class_embeddings_input_dim - tiny.WIDTH_G) // 256
    sizes = torch.tensor([SIZES[told]]).repeat(batch, 1)
    case = {"sample": noise(seed, batch, 4, height, width), "timestep": torch.tensor(timesteps), "context": context}
    case["y"] = torch.cat([pooled, model.add_time_proj(sizes.flatten()).reshape(batch, -1)], 1)
    added = {"text_embeds": pooled, "time_ids": sizes}
    case["prediction"] = model(case["sample"], case["timestep"], context, added_cond_kwargs=added).sample
    return case


FREEU = {"b1": 1.4, "b2": 1.3, "s1": 0.4, "s2": 0.6}


@contextlib.contextmanager
def freeu(model, numbers):
    """FreeU's second version (Si et al. 2023), by the width of the features: four times the network's own is the inner one."""

    def low_frequencies(x, scale):
        spectrum = torch.fft.fftshift(torch.fft.fftn(x, dim=(-2, -1)), dim=(-2, -1))
        row, column = x.shape[-2] // 2, x.shape[-1] // 2
        mask = torch.ones(x.shape[-2:])
        mask[row - 1 : row + 1, column - 1 : column + 1] = scale
        return torch.fft.ifftn(torch.fft.ifftshift(spectrum * mask, dim=(-2, -1)), dim=(-2, -1)).real

    def apply(_, hidden_states, res_hidden_states, s1, s2, b1, b2):
        width, own = hidden_states.shape[1], tiny.UNET["mc"]
        if width not in (4 * own, 2 * own):
            return hidden_states, res_hidden_states
        b, s = (b1, s1) if width == 4 * own else (b2, s2)
        mean = hidden_states.mean(1, keepdim=True)
        low, high = mean.amin((2, 3), keepdim=True), mean.amax((2, 3), keepdim=True)
        factor = (b - 1) * (mean - low) / (high - low) + 1
        first, second = hidden_states.chunk(2, 1)
        return torch.cat([first * factor, second], 1), low_frequencies(res_hidden_states, s)

    plain, unet_2d_blocks.apply_freeu = unet_2d_blocks.apply_freeu, apply
    if numbers is not None:
        model.enable_freeu(**numbers)
    try:
        yield
    finally:
        unet_2d_blocks.apply_freeu = plain


def freeu_case(model, *case):
    with freeu(model, FREEU):
        return unet_case(model, *case)


def sd1_case(model, seed, height, width, tokens, timestep):
    context = noise(seed + 1, 1, tokens, tiny.WIDTH_L)
    case = {"sample": noise(seed, 1, 4, height, width), "timestep": torch.tensor([timestep]), "context": context}
    return {**case, "prediction": model(case["sample"], case["timestep"], context).sample}


class Interposer(torch.nn.Module):
    """The latent interposer, version 4: residual blocks that add to what is normalised."""

    def __init__(self, weights):
        super().__init__()
        width = weights["tail.weight"].shape[1]
        blocks = sum(key.endswith(".norm.weight") for key in weights)

        def conv(inner, outer=width):
            return torch.nn.Conv2d(inner, outer, 3, padding=1)

        def branch(inner):
            silu = torch.nn.SiLU
            return torch.nn.Sequential(conv(inner), silu(), conv(width), silu(), conv(width))

        def block(first):
            norm = torch.nn.BatchNorm2d(width)
            parts = {"long": branch(4), "short": conv(4)} if first else {"long": branch(width), "norm": norm}
            return torch.nn.ModuleDict(parts)

        inner = {str(i): block(False) for i in range(1, blocks + 1)}
        self.head, self.tail = block(True), conv(width, 4)
        self.core = torch.nn.ModuleDict({**inner, str(blocks + 1): torch.nn.BatchNorm2d(width)})
        self.load_state_dict(weights)
        self.eval()

    def forward(self, x):
        x = torch.relu(self.head["long"](x) + self.head["short"](x))
        *blocks, last = self.core.values()
        for block in blocks:
            x = block["norm"](x)
            x = torch.relu(block["long"](x) + x)
        return self.tail(torch.nn.functional.silu(last(x)))


def interposer_case():
    latent = noise(71, 1, 4, 7, 10) * 3
    return {"latent": latent, "converted": Interposer(tiny.interposer())(latent)}


def text_case(model_l, model_g):
    words = [320, 736, 7117, 4348, 320, 1746, 3999]
    ids_l = torch.tensor([[49406, *words, *[49407] * (76 - len(words))]])
    ids_g = torch.tensor([[49406, *words, 49407, *[0] * (75 - len(words))]])
    out_l = model_l(ids_l, output_hidden_states=True)
    out_g = model_g(ids_g, output_hidden_states=True)
    case = {"ids_l": ids_l, "ids_g": ids_g, "pooled": out_g.text_embeds}
    for skip in range(1, tiny.LAYERS + 1):
        case[f"hidden_l_{skip}"] = out_l.hidden_states[-skip]
        case[f"hidden_g_{skip}"] = out_g.hidden_states[-skip]
    case["hidden_l_beyond"] = out_l.last_hidden_state
    return case


def vae_case(model):
    latent = noise(31, 1, 4, 9, 7)
    image = model.decode(latent).sample
    picture = noise(32, 1, 3, 48, 40).clamp(-1, 1)
    return {"latent": latent, "image": image, "picture": picture, "mean": model.encode(picture).latent_dist.mean}


def write(name, tensors):
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, FOLDER / name)


def write_packed(name, tensors):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        save_file(tensors, path)
        subprocess.run(["zstd", "-q", "-f", "-19", "--long=26", path, "-o", FOLDER / f"{name}.zst"], check=True)


@torch.no_grad()
def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    stored = tiny.checkpoint()
    write_packed("tiny-sdxl.safetensors", stored)
    write_packed("tiny-refiner.safetensors", tiny.refiner())
    write_packed("tiny-sd1.safetensors", tiny.sd1())
    write_packed("tiny-interposer.safetensors", tiny.interposer())
    tiny_sd1 = {k: v.float() for k, v in tiny.sd1().items()}
    tiny_refiner = {k: v.float() for k, v in tiny.refiner().items()}
    weights = {k: v.float() for k, v in stored.items()}

    first = loras.make(loras.SGM, weights, 4, 2.0, torch.float16, 41)
    second = loras.make(loras.DIFFUSERS, weights, 3, None, torch.float32, 42)
    write("tiny-lora-sgm.safetensors", first)
    write("tiny-lora-diffusers.safetensors", second)
    folded = loras.fold(loras.fold(weights, loras.SGM, first, 0.7), loras.DIFFUSERS, second, -0.4)

    cases = {
        "unet-even": unet_case(unet_of(weights), 11, 2, 16, 12, 77, [801.5, 3.0]),
        "unet-odd": unet_case(unet_of(weights), 21, 1, 9, 7, 154, [499.0]),
        "unet-lora": unet_case(unet_of(folded), 21, 1, 9, 7, 154, [499.0]),
        "unet-freeu-even": freeu_case(unet_of(weights), 11, 2, 16, 12, 77, [801.5, 3.0]),
        "unet-freeu-odd": freeu_case(unet_of(weights), 21, 1, 9, 7, 154, [499.0]),
        "unet-refiner": unet_case(unet_of(tiny_refiner, tiny.REFINER), 51, 1, 9, 14, 154, [250.0]),
        "unet-sd1": sd1_case(unet_of(tiny_sd1, tiny.SD1), 61, 9, 14, 154, 250.0),
        "interposer": interposer_case(),
        "text": text_case(text_l_of(weights), text_g_of(weights)),
        "text-lora": text_case(text_l_of(folded), text_g_of(folded)),
        "vae": vae_case(vae_of(weights)),
    }
    # These cases repeat the inputs of the plain ones: only their answers are kept.
    repeated = {"unet-lora": "unet-odd", "text-lora": "text"}
    repeated |= {"unet-freeu-even": "unet-even", "unet-freeu-odd": "unet-odd"}
    for name, inputs in repeated.items():
        cases[name] = {k: v for k, v in cases[name].items() if not torch.equal(v, cases[inputs][k])}
    write("networks.safetensors", {f"{case}.{k}": v for case, ts in cases.items() for k, v in ts.items()})
    for case, tensors in cases.items():
        print(case, {k: (list(v.shape), round(v.float().std().item(), 4)) for k, v in tensors.items()})


if __name__ == "__main__":
    main()
