"""The tiny checkpoint of the golden tests: SDXL's layout, every width as small as the architecture allows.

All weights are windows into one table of random numbers, repeated, so that the committed file compresses to a few
hundred kilobytes while no two tensors are alike. Types are mixed as in real files.
"""

import math

import torch

PERIOD = 8191  # prime, so that the rows of a matrix are different windows
VOCAB, POSITIONS = 49408, 77
WIDTH_L, WIDTH_G, LAYERS = 64, 128, 3
UNET = {"mc": 32, "mult": (1, 2, 4), "depth": (0, 1, 2), "mid": 2}
CONTEXT, ADM = WIDTH_L + WIDTH_G, WIDTH_G + 6 * 256
# The SDXL refiner's: another level, transformers in the middle ones and below the last, G's text alone, and five sizes.
REFINER = {"mc": 32, "mult": (1, 2, 4, 4), "depth": (0, 1, 2, 0), "mid": 2, "context": WIDTH_G, "adm": WIDTH_G + 5 * 256}
VAE_WIDTH, VAE_MULT = 32, (1, 2, 4, 4)

# Stable Diffusion 1.x': transformers in all levels but the last and below it, L's text, and no sizes.
SD1 = {"mc": 32, "mult": (1, 2, 4, 4), "depth": (1, 1, 1, 0), "mid": 1, "context": WIDTH_L, "adm": None}


class Writer:
    """Collects tensors; `at` prefixes names."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.tensors = {}
        self.offset = 0
        self.table = torch.randn(PERIOD, generator=torch.Generator().manual_seed(7)).clamp(-3, 3).half().float()

    def put(self, name, shape, scale, mean=0.0):
        count = math.prod(shape)
        self.offset = (self.offset * 31 + 977) % PERIOD
        index = (torch.arange(count) + self.offset) % PERIOD
        self.tensors[name] = (mean + self.table[index] * scale).reshape(shape).to(self.dtype)

    def norm(self, name, width):
        self.put(f"{name}.weight", [width], 0.125, 1.0)
        self.put(f"{name}.bias", [width], 0.125)

    def linear(self, name, inner, outer, bias=True):
        self.put(f"{name}.weight", [outer, inner], power(inner))
        if bias:
            self.put(f"{name}.bias", [outer], 0.125)

    def conv(self, name, inner, outer, size):
        self.put(f"{name}.weight", [outer, inner, size, size], power(inner * size * size))
        self.put(f"{name}.bias", [outer], 0.125)


def power(fan_in):
    """The power of two nearest to 1/sqrt(fan_in): scaling by it changes no mantissa."""
    return 2.0 ** -round(math.log2(fan_in) / 2)


def res_block(w, name, inner, outer, embedding):
    w.norm(f"{name}.in_layers.0", inner)
    w.conv(f"{name}.in_layers.2", inner, outer, 3)
    w.linear(f"{name}.emb_layers.1", embedding, outer)
    w.norm(f"{name}.out_layers.0", outer)
    w.conv(f"{name}.out_layers.3", outer, outer, 3)
    if inner != outer:
        w.conv(f"{name}.skip_connection", inner, outer, 1)


def transformer(w, name, width, depth, context, linear=True):
    w.norm(f"{name}.norm", width)
    if linear:
        w.linear(f"{name}.proj_in", width, width)
    else:
        w.conv(f"{name}.proj_in", width, width, 1)
    for block in (f"{name}.transformer_blocks.{t}" for t in range(depth)):
        for attention, source in (("attn1", width), ("attn2", context)):
            w.linear(f"{block}.{attention}.to_q", width, width, bias=False)
            w.linear(f"{block}.{attention}.to_k", source, width, bias=False)
            w.linear(f"{block}.{attention}.to_v", source, width, bias=False)
            w.linear(f"{block}.{attention}.to_out.0", width, width)
        w.linear(f"{block}.ff.net.0.proj", width, 8 * width)
        w.linear(f"{block}.ff.net.2", 4 * width, width)
        for n in (1, 2, 3):
            w.norm(f"{block}.norm{n}", width)
    if linear:
        w.linear(f"{name}.proj_out", width, width)
    else:
        w.conv(f"{name}.proj_out", width, width, 1)


def base_sizes():
    return {**UNET, "context": CONTEXT, "adm": ADM}


def unet(sizes=None):
    sizes = sizes or base_sizes()
    w, base, mult, depth, context = Writer(torch.float16), *(sizes[key] for key in ("mc", "mult", "depth", "context"))
    root, embedding = "model.diffusion_model", 4 * base
    w.linear(f"{root}.time_embed.0", base, embedding)
    w.linear(f"{root}.time_embed.2", embedding, embedding)
    linear = sizes["adm"] is not None
    if linear:
        w.linear(f"{root}.label_emb.0.0", sizes["adm"], embedding)
        w.linear(f"{root}.label_emb.0.2", embedding, embedding)
    w.conv(f"{root}.input_blocks.0.0", 4, base, 3)
    skips, width, n = [base], base, 1
    for level, factor in enumerate(mult):
        for _ in range(2):
            res_block(w, f"{root}.input_blocks.{n}.0", width, factor * base, embedding)
            width = factor * base
            if depth[level]:
                transformer(w, f"{root}.input_blocks.{n}.1", width, depth[level], context, linear)
            skips.append(width)
            n += 1
        if level < len(mult) - 1:
            w.conv(f"{root}.input_blocks.{n}.0.op", width, width, 3)
            skips.append(width)
            n += 1
    res_block(w, f"{root}.middle_block.0", width, width, embedding)
    transformer(w, f"{root}.middle_block.1", width, sizes["mid"], context, linear)
    res_block(w, f"{root}.middle_block.2", width, width, embedding)
    n = 0
    for level in reversed(range(len(mult))):
        for r in range(3):
            res_block(w, f"{root}.output_blocks.{n}.0", width + skips.pop(), mult[level] * base, embedding)
            width = mult[level] * base
            if depth[level]:
                transformer(w, f"{root}.output_blocks.{n}.1", width, depth[level], context, linear)
            if level > 0 and r == 2:
                w.conv(f"{root}.output_blocks.{n}.{2 if depth[level] else 1}.conv", width, width, 3)
            n += 1
    w.norm(f"{root}.out.0", width)
    w.conv(f"{root}.out.2", width, 4, 3)
    return w.tensors


def text_l():
    w, root, width = Writer(torch.float16), "conditioner.embedders.0.transformer.text_model", WIDTH_L
    w.tensors[f"{root}.embeddings.position_ids"] = torch.arange(POSITIONS)[None]
    w.put(f"{root}.embeddings.token_embedding.weight", [VOCAB, width], 0.5)
    w.put(f"{root}.embeddings.position_embedding.weight", [POSITIONS, width], 0.5)
    for layer in (f"{root}.encoder.layers.{i}" for i in range(LAYERS)):
        w.norm(f"{layer}.layer_norm1", width)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            w.linear(f"{layer}.self_attn.{part}", width, width)
        w.norm(f"{layer}.layer_norm2", width)
        w.linear(f"{layer}.mlp.fc1", width, 4 * width)
        w.linear(f"{layer}.mlp.fc2", 4 * width, width)
    w.norm(f"{root}.final_layer_norm", width)
    return w.tensors


def text_g():
    w, root, width = Writer(torch.bfloat16), "conditioner.embedders.1.model", WIDTH_G
    w.put(f"{root}.token_embedding.weight", [VOCAB, width], 0.5)
    w.put(f"{root}.positional_embedding", [POSITIONS, width], 0.5)
    for layer in (f"{root}.transformer.resblocks.{i}" for i in range(LAYERS)):
        w.norm(f"{layer}.ln_1", width)
        w.put(f"{layer}.attn.in_proj_weight", [3 * width, width], power(width))
        w.put(f"{layer}.attn.in_proj_bias", [3 * width], 0.125)
        w.linear(f"{layer}.attn.out_proj", width, width)
        w.norm(f"{layer}.ln_2", width)
        w.linear(f"{layer}.mlp.c_fc", width, 4 * width)
        w.linear(f"{layer}.mlp.c_proj", 4 * width, width)
    w.norm(f"{root}.ln_final", width)
    w.put(f"{root}.text_projection", [width, width], power(width))
    w.tensors[f"{root}.logit_scale"] = torch.tensor(4.6052)
    return w.tensors


def vae():
    w, base, mult = Writer(torch.float32), VAE_WIDTH, VAE_MULT

    def res(name, inner, outer):
        for n, width in (("1", inner), ("2", outer)):
            w.norm(f"{name}.norm{n}", width)
            w.conv(f"{name}.conv{n}", width, outer, 3)
        if inner != outer:
            w.conv(f"{name}.nin_shortcut", inner, outer, 1)

    def middle(name, width):
        res(f"{name}.block_1", width, width)
        w.norm(f"{name}.attn_1.norm", width)
        for part in ("q", "k", "v", "proj_out"):
            w.conv(f"{name}.attn_1.{part}", width, width, 1)
        res(f"{name}.block_2", width, width)

    encoder, decoder, width = "first_stage_model.encoder", "first_stage_model.decoder", base
    w.conv(f"{encoder}.conv_in", 3, base, 3)
    for level, factor in enumerate(mult):
        for r in range(2):
            res(f"{encoder}.down.{level}.block.{r}", width, factor * base)
            width = factor * base
        if level < len(mult) - 1:
            w.conv(f"{encoder}.down.{level}.downsample.conv", width, width, 3)
    middle(f"{encoder}.mid", width)
    w.norm(f"{encoder}.norm_out", width)
    w.conv(f"{encoder}.conv_out", width, 8, 3)
    w.conv(f"{decoder}.conv_in", 4, width, 3)
    middle(f"{decoder}.mid", width)
    for level in reversed(range(len(mult))):
        for r in range(3):
            res(f"{decoder}.up.{level}.block.{r}", width, mult[level] * base)
            width = mult[level] * base
        if level > 0:
            w.conv(f"{decoder}.up.{level}.upsample.conv", width, width, 3)
    w.norm(f"{decoder}.norm_out", width)
    w.conv(f"{decoder}.conv_out", width, 3, 3)
    w.conv("first_stage_model.quant_conv", 8, 8, 1)
    w.conv("first_stage_model.post_quant_conv", 4, 4, 1)
    return w.tensors


def refiner():
    """The tiny refiner's tensors: of its text encoder, which nobody asks, one that stands for it."""
    w = Writer(torch.float16)
    w.put("conditioner.embedders.0.model.ln_final.weight", [WIDTH_G], 0.125, 1.0)
    return {**unet(REFINER), **w.tensors}


def sd1():
    """A tiny Stable Diffusion 1.x: of its text encoder, which nobody asks, one tensor that stands for it."""
    w = Writer(torch.float16)
    w.put("cond_stage_model.transformer.text_model.final_layer_norm.weight", [WIDTH_L], 0.125, 1.0)
    return {**unet(SD1), **w.tensors, **vae()}


def interposer():
    """The latent interposer with fewer channels and blocks."""
    w, width = Writer(torch.float32), 16

    def long(name, inner):
        for n, channels in ((0, inner), (2, width), (4, width)):
            w.conv(f"{name}.{n}", channels, width, 3)

    def batch_norm(name):
        w.norm(name, width)
        w.put(f"{name}.running_mean", [width], 0.25)
        w.put(f"{name}.running_var", [width], 0.125, 1.0)
        w.tensors[f"{name}.num_batches_tracked"] = torch.tensor(7)

    w.conv("head.short", 4, width, 3)
    long("head.long", 4)
    for block in (1, 2):
        batch_norm(f"core.{block}.norm")
        long(f"core.{block}.long", width)
    batch_norm("core.3")
    w.conv("tail", width, 4, 3)
    return w.tensors


def checkpoint():
    """All tensors of the file by name."""
    return {**unet(), **text_l(), **text_g(), **vae()}
