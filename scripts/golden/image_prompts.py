"""Writes the goldens of image prompts: tiny vision towers and IP-Adapters for the tiny checkpoint in every spelling that is read,
what transformers and diffusers make of a picture with them, and small files of the kinds that are refused.

    python3 scripts/golden/image_prompts.py

Needs torch, diffusers, transformers, safetensors and the zstd program. Adapters are loaded by diffusers' own loader into a UNet, so
that it says which numbers belong to which cross-attention. OpenCLIP's tower is built of torch's attention as that package does.
"""

import subprocess
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

import tiny
from control import named, shifted
from networks import unet_of

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
MODELS = FOLDER / "models"
WIDTH, INNER, LAYERS, HEADS, PROJECTED, PATCH, SIDE = 160, 320, 3, 2, 96, 14, 224
POSITIONS = 1 + (SIDE // PATCH) ** 2
LATENTS, TOKENS, DEPTH, RESAMPLED, LOOKING = 5, 3, 4, 96, 128


def tower(dtype):
    """In transformers' names."""
    w = tiny.Writer(dtype)
    root = "vision_model"
    w.put(f"{root}.embeddings.class_embedding", [WIDTH], 0.5)
    w.put(f"{root}.embeddings.patch_embedding.weight", [WIDTH, 3, PATCH, PATCH], tiny.power(3 * PATCH * PATCH))
    w.put(f"{root}.embeddings.position_embedding.weight", [POSITIONS, WIDTH], 0.5)
    w.norm(f"{root}.pre_layrnorm", WIDTH)
    for layer in (f"{root}.encoder.layers.{i}" for i in range(LAYERS)):
        for part in ("k_proj", "v_proj", "q_proj", "out_proj"):
            w.linear(f"{layer}.self_attn.{part}", WIDTH, WIDTH)
        w.norm(f"{layer}.layer_norm1", WIDTH)
        w.linear(f"{layer}.mlp.fc1", WIDTH, INNER)
        w.linear(f"{layer}.mlp.fc2", INNER, WIDTH)
        w.norm(f"{layer}.layer_norm2", WIDTH)
    w.norm(f"{root}.post_layernorm", WIDTH)
    w.linear("visual_projection", WIDTH, PROJECTED, bias=False)
    return w.tensors


def transformers_tower(tensors):
    config = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        projection_dim=PROJECTED,
        image_size=SIDE,
        patch_size=PATCH,
        hidden_act="gelu",
    )
    model = CLIPVisionModelWithProjection(config).eval()
    state = model.state_dict()
    model.load_state_dict({**state, **{key: value.float() for key, value in tensors.items()}})
    return model


def open_clip_names(tensors):
    """The same tower as OpenCLIP has it: q, k and v in one, the projection the other way round."""
    own = {key.removeprefix("vision_model."): value for key, value in tensors.items()}
    made = {
        "class_embedding": own["embeddings.class_embedding"],
        "positional_embedding": own["embeddings.position_embedding.weight"],
        "proj": own["visual_projection.weight"].t().contiguous(),
        "conv1.weight": own["embeddings.patch_embedding.weight"],
    }
    for kind in ("weight", "bias"):
        made[f"ln_pre.{kind}"] = own[f"pre_layrnorm.{kind}"]
        made[f"ln_post.{kind}"] = own[f"post_layernorm.{kind}"]
        for i in range(LAYERS):
            layer, block = f"encoder.layers.{i}", f"transformer.resblocks.{i}"
            made[f"{block}.attn.in_proj_{kind}"] = torch.cat([own[f"{layer}.self_attn.{p}_proj.{kind}"] for p in "qkv"])
            made[f"{block}.attn.out_proj.{kind}"] = own[f"{layer}.self_attn.out_proj.{kind}"]
            for ours, theirs in (("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
                made[f"{block}.{ours}.{kind}"] = own[f"{layer}.{theirs}.{kind}"]
    return {f"visual.{key}": value for key, value in made.items()}


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(WIDTH), nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.ln_2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(WIDTH, INNER), "c_proj": nn.Linear(INNER, WIDTH)})

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp["c_proj"](nn.functional.gelu(self.mlp["c_fc"](self.ln_2(x))))


class OpenClip(nn.Module):
    def __init__(self):
        super().__init__()
        self.class_embedding = nn.Parameter(torch.zeros(WIDTH))
        self.positional_embedding = nn.Parameter(torch.zeros(POSITIONS, WIDTH))
        self.proj = nn.Parameter(torch.zeros(WIDTH, PROJECTED))
        self.conv1 = nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False)
        self.ln_pre, self.ln_post = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.transformer = nn.ModuleDict({"resblocks": nn.ModuleList(Block() for _ in range(LAYERS))})

    def forward(self, pixels):
        x = self.conv1(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], 1) + self.positional_embedding
        states = [self.ln_pre(x)]
        for block in self.transformer["resblocks"]:
            states.append(block(states[-1]))
        return states[-2], self.ln_post(states[-1][:, 0]) @ self.proj


def open_clip_tower(tensors):
    model = OpenClip().eval()
    model.load_state_dict({key.removeprefix("visual."): value.float() for key, value in tensors.items()})
    return model


def pixels():
    """A picture that any program can make exactly: multiples of 1/256 between -2 and 2."""
    count = 3 * SIDE * SIDE
    return (((torch.arange(count) * 7919) % 1021).float() / 256 - 2).reshape(1, 3, SIDE, SIDE)


def plus(dtype):
    w = tiny.Writer(dtype)
    w.put("latents", [1, LATENTS, RESAMPLED], 0.5)
    w.linear("proj_in", WIDTH, RESAMPLED)
    for layer in (f"layers.{i}" for i in range(DEPTH)):
        w.norm(f"{layer}.0.norm1", RESAMPLED)
        w.norm(f"{layer}.0.norm2", RESAMPLED)
        w.linear(f"{layer}.0.to_q", RESAMPLED, LOOKING, bias=False)
        w.linear(f"{layer}.0.to_kv", RESAMPLED, 2 * LOOKING, bias=False)
        w.linear(f"{layer}.0.to_out", LOOKING, RESAMPLED, bias=False)
        w.norm(f"{layer}.1.0", RESAMPLED)
        w.linear(f"{layer}.1.1", RESAMPLED, 4 * RESAMPLED, bias=False)
        w.linear(f"{layer}.1.3", 4 * RESAMPLED, RESAMPLED, bias=False)
    w.linear("proj_out", RESAMPLED, tiny.CONTEXT)
    w.norm("norm_out", tiny.CONTEXT)
    return w.tensors


def plain(dtype):
    """Four tokens: diffusers' loader knows no other number."""
    w = tiny.Writer(dtype)
    w.linear("proj", PROJECTED, 4 * tiny.CONTEXT)
    w.norm("norm", tiny.CONTEXT)
    return w.tensors


def cross_attentions(unet):
    """Names and channels of those that read the text, as diffusers lists them."""
    modules = dict(unet.named_modules())
    names = [name.removesuffix(".processor") for name in unet.attn_processors]
    return [(name, modules[name].inner_dim) for name in names if name.endswith("attn2")]


def keys_for(unet, context=tiny.CONTEXT):
    w = tiny.Writer(torch.float16)
    for k, (_, channels) in enumerate(cross_attentions(unet)):
        for half in ("k", "v"):
            w.linear(f"{2 * k + 1}.to_{half}_ip", context, channels, bias=False)
    return w.tensors


def drawn(name):
    return {"down_blocks": 0, "mid_block": 1, "up_blocks": 2}[name.split(".")[0]]


class Adapted:
    """A UNet with an adapter as diffusers loads it."""

    def __init__(self, weights, image_proj, ip_adapter):
        self.unet = unet_of(weights)
        state = {"image_proj": floats(image_proj), "ip_adapter": floats(ip_adapter)}
        self.unet._load_ip_adapter_weights([state], low_cpu_mem_usage=False)
        self.names = sorted(
            (name for name in self.unet.attn_processors if name.endswith("attn2.processor")), key=drawn
        )

    def tokens(self, features):
        return self.unet.encoder_hid_proj.image_projection_layers[0](features)

    def keys(self, tokens):
        """All keys one after the other as the UNet is drawn, and all values."""
        own = [self.unet.attn_processors[name] for name in self.names]
        keys = torch.cat([one.to_k_ip[0](tokens) for one in own], -1)
        return keys, torch.cat([one.to_v_ip[0](tokens) for one in own], -1)


def floats(tensors):
    return {key: value.float() for key, value in tensors.items()}


def prefixed(prefix, tensors):
    return {f"{prefix}.{key}": value for key, value in tensors.items()}


def pack(name, write):
    path = MODELS / name
    write(path)
    subprocess.run(["zstd", "-19", "--long=26", "--rm", "-q", "-f", str(path)], check=True)


def save(name, tensors):
    pack(name, lambda path: save_file({key: value.contiguous() for key, value in tensors.items()}, path))


def halves(tensors):
    return {key: value.half() for key, value in tensors.items()}


def refused_towers(own):
    embeddings = {
        "vision_model.embeddings.class_embedding": [160],
        "vision_model.embeddings.patch_embedding.weight": [160, 3, 14, 14],
    }
    save("vision-l.safetensors", named(**{"vision_model.embeddings.class_embedding": [1024]}, **{"vision_model.embeddings.patch_embedding.weight": [1024, 3, 1, 1]}))
    save("vision-b.safetensors", named(**{"visual.class_embedding": [768], "visual.conv1.weight": [768, 3, 1, 1]}))
    save("vision-336.safetensors", named(**embeddings, **{"vision_model.embeddings.position_embedding.weight": [577, 1]}))
    save("vision-siglip.safetensors", named("vision_model.embeddings.patch_embedding.bias", "vision_model.head.probe"))
    save("vision-text.safetensors", named("text_model.encoder.layers.0.layer_norm1.weight"))
    save("vision-adapter.safetensors", named("image_proj.latents", "ip_adapter.1.to_k_ip.weight"))
    save("vision-incomplete.safetensors", {key: value for key, value in own.items() if ".layers.1.mlp" not in key})


def refused_adapters(reader, keys):
    whole = {**prefixed("image_proj", reader), **prefixed("ip_adapter", keys)}
    one = {"ip_adapter.1.to_k_ip.weight": [64, 2048]}
    face = {f"image_proj.{key}": [4, 4] for key in ("proj.0.weight", "proj.2.weight")}
    save("adapter-full-face.safetensors", named(**face, **one, **{"image_proj.proj.3.weight": [768]}))
    save("adapter-face-id.safetensors", named("ip_adapter.0.to_q_lora.down.weight", **face, **one, **{"image_proj.norm.weight": [2048]}))
    save("adapter-face-id-plus.safetensors", named(**face, **one, **{"image_proj.perceiver_resampler.proj_in.weight": [4, 4]}))
    pack("adapter-face-id.bin", lambda path: torch.save({"image_proj": named("proj.0.weight", "norm.weight"), "ip_adapter": named("0.to_q_lora.down.weight", "1.to_k_ip.weight")}, path))
    save("adapter-portrait.safetensors", named(**face, **one, **{"image_proj.norm.weight": [2048]}))
    save("adapter-portrait-unnorm.safetensors", named("image_proj.latents", **one, **{"image_proj.proj_in.weight": [1, 512]}))
    save("adapter-kolors.safetensors", named("image_proj.latents", **one, **{"image_proj.layers.0.0.to_out.weight": [2048, 1]}))
    old = {"ip_adapter.1.to_k_ip.weight": [320, 768]}
    save("adapter-sd15.safetensors", named("image_proj.proj.weight", "image_proj.norm.weight", **old))
    save("adapter-sd15-plus.safetensors", named("image_proj.latents", "image_proj.proj_in.weight", **old))
    save("adapter-only-keys.safetensors", named(**one))
    save("adapter-only-picture.safetensors", named("image_proj.latents", "image_proj.proj_in.weight"))
    save("adapter-other.safetensors", named("image_proj.resampler.weight", **one))
    save("adapter-flux.safetensors", named("double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight"))
    save("adapter-controlnet.safetensors", named("input_hint_block.0.weight", "zero_convs.0.0.weight"))
    save("adapter-lora.safetensors", named("lora_unet_input_blocks_4_1_proj_in.lora_down.weight"))
    fewer = {key: value for key, value in whole.items() if not key.startswith(("ip_adapter.31.", "ip_adapter.33."))}
    save("adapter-fewer.safetensors", fewer)
    other = {key: torch.cat([value, value]) if key.startswith("ip_adapter.1.") else value for key, value in whole.items()}
    save("adapter-other-width.safetensors", other)
    save("adapter-incomplete.safetensors", {key: value for key, value in whole.items() if key != "ip_adapter.9.to_v_ip.weight"})


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    weights = floats(tiny.checkpoint())
    unet = unet_of(weights)
    looked = pixels()
    made = {}

    own = tower(torch.float32)
    model = transformers_tower(own)
    first = model(looked, output_hidden_states=True)
    made["vision-transformers.hidden"] = first.hidden_states[-2][:, ::4]
    made["vision-transformers.embeds"] = first.image_embeds
    extra = {"vision_model.embeddings.position_ids": torch.arange(POSITIONS)[None]}
    save("vision-transformers.safetensors", {**own, **extra})
    pack("vision-transformers.bin", lambda path: torch.save({**own, **extra}, path))
    text = named("text_model.embeddings.token_embedding.weight", "text_projection.weight", logit_scale=[])
    save("vision-whole-clip.safetensors", {**own, **text})
    save("vision-bf16.safetensors", {key: value.bfloat16() for key, value in shifted(own, 11).items()})
    rounded = floats({key: value.bfloat16() for key, value in shifted(own, 11).items()})
    made["vision-bf16.embeds"] = transformers_tower(rounded)(looked).image_embeds

    open_clip = open_clip_names(halves(shifted(own, 5)))
    hidden, embeds = open_clip_tower(open_clip)(looked)
    made["vision-open-clip.hidden"], made["vision-open-clip.embeds"] = hidden[:, ::4], embeds
    nothing, _ = open_clip_tower(open_clip)(torch.zeros_like(looked))
    text = named("transformer.resblocks.0.ln_1.weight", "token_embedding.weight", "ln_final.bias", "text_projection", logit_scale=[])
    save("vision-open-clip.safetensors", {**open_clip, **text, "positional_embedding": torch.ones(2)})

    keys = keys_for(unet)
    reader = plus(torch.float32)
    adapted = Adapted(weights, reader, keys)
    tokens = adapted.tokens(hidden)
    made["image-prompt-plus.tokens"] = tokens
    made["image-prompt-plus.keys"], made["image-prompt-plus.values"] = adapted.keys(tokens)
    made["image-prompt-plus.nothing_keys"], _ = adapted.keys(adapted.tokens(nothing))
    stored = shifted({"data": tokens.half()}, 3)
    made["image-prompt-plus.stored_keys"], _ = adapted.keys(stored["data"].float())
    save("negative-tokens.safetensors", stored)
    save("negative-other-size.safetensors", {"data": torch.ones(1, 16, 2048).half()})
    save("negative-other.safetensors", {"weight": torch.ones(1, 16, 2048).half()})
    pack("adapter-plus.bin", lambda path: torch.save({"image_proj": reader, "ip_adapter": keys}, path))
    save("adapter-plus.safetensors", {**prefixed("image_proj", reader), **prefixed("ip_adapter", keys)})
    trained = {**prefixed("image_proj_model", reader), **prefixed("adapter_modules", keys)}
    save("adapter-plus-trained.safetensors", trained)

    turned = shifted(keys, 7)
    simple = plain(torch.float16)
    adapted = Adapted(weights, simple, turned)
    tokens = adapted.tokens(embeds)
    made["image-prompt-plain.tokens"] = tokens
    made["image-prompt-plain.keys"], _ = adapted.keys(tokens)
    made["image-prompt-plain.nothing_keys"], _ = adapted.keys(adapted.tokens(torch.zeros_like(embeds)))
    pack("adapter-plain.bin", lambda path: torch.save({"image_proj": simple, "adapter_modules": turned}, path))
    save("adapter-plain.safetensors", {**prefixed("image_proj", simple), **prefixed("ip_adapter", turned)})

    refused_towers(halves(own))
    refused_adapters(simple, turned)
    save_file({key: value.contiguous() for key, value in made.items()}, FOLDER / "image-prompts.safetensors")
    for key, value in made.items():
        print(key, list(value.shape), round(value.std().item(), 4))


if __name__ == "__main__":
    main()
