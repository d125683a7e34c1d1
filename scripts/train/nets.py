"""The networks of the demo model. Attribute names are chosen so that `state_dict()` *is* the key layout of an
SDXL single-file checkpoint (without the four prefixes, which `export.py` adds): saving needs no renaming.

All sizes are the demo's; any other SDXL-shaped size works by changing `CONFIG`.
"""
import math

import torch
from torch import nn
import torch.nn.functional as F

CONFIG = {
    "unet": {"mc": 64, "mult": (1, 2, 2), "depth": (0, 1, 2), "middle": 2, "nres": 2},
    "te1": {"width": 128, "layers": 3},
    "te2": {"width": 192, "layers": 3},
    "vae": {"ch": 64, "mult": (1, 1, 2, 2), "nres": 2, "z": 4},
}
HEAD = 64
VOCAB, POSITIONS = 49408, 77
LATENT_SCALE = 0.13025  # SDXL's constant; the VAE is rescaled at the end of its training so that this gives unit variance


def reduced():
    """Arithmetic in bfloat16 where the processor has it; where it has not, that would be 20 times slower."""
    return torch.autocast("cpu", torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported())


def sinusoid(values: torch.Tensor, dim: int) -> torch.Tensor:
    """[cos, sin] embedding of real numbers; used for timesteps (dim = mc) and for the six size numbers (dim = 256)."""
    half = dim // 2
    f = torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float32) / half)
    a = values.float().reshape(-1, 1) * f
    return torch.cat([a.cos(), a.sin()], 1)


def attention(q, k, v, mask=None):
    """softmax(q·k/8 + mask)·v for [n, heads, tokens, 64]. Two plain matrix products are three times faster on a CPU,
    backward included, than the fused kernel at the few tokens of training; the fused one is for larger pictures."""
    n, h, t, d = q.shape
    s = k.shape[2]
    if t * s > 512 * 512:
        return F.scaled_dot_product_attention(q, k, v)
    a = torch.bmm(q.reshape(n * h, t, d) * HEAD**-0.5, k.reshape(n * h, s, d).transpose(1, 2))
    if mask is not None:
        a = a + mask.to(a.dtype)
    return torch.bmm(a.softmax(-1), v.reshape(n * h, s, d)).reshape(n, h, t, d)


# ---------------------------------------------------------------------------------------------------------- UNet

class ResBlock(nn.Module):
    def __init__(self, i, o, e):
        super().__init__()
        self.in_layers = nn.Sequential(nn.GroupNorm(32, i), nn.SiLU(), nn.Conv2d(i, o, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(e, o))
        self.out_layers = nn.Sequential(nn.GroupNorm(32, o), nn.SiLU(), nn.Identity(), nn.Conv2d(o, o, 3, padding=1))
        self.skip_connection = nn.Conv2d(i, o, 1) if i != o else nn.Identity()
        nn.init.normal_(self.out_layers[3].weight, std=1e-3)
        nn.init.zeros_(self.out_layers[3].bias)

    def forward(self, x, emb):
        h = self.in_layers(x)
        h = h + self.emb_layers(emb)[:, :, None, None].to(h.dtype)
        return self.skip_connection(x) + self.out_layers(h)


class Attention(nn.Module):
    def __init__(self, c, ctx):
        super().__init__()
        self.heads = c // HEAD
        self.to_q = nn.Linear(c, c, bias=False)
        self.to_k = nn.Linear(ctx, c, bias=False)
        self.to_v = nn.Linear(ctx, c, bias=False)
        self.to_out = nn.Sequential(nn.Linear(c, c))

    def forward(self, x, context):
        n, q, c = x.shape
        k, v = self.to_k(context), self.to_v(context)
        if len(k) != n:  # training: one caption serves several pictures (whole batches one after the other)
            k, v = (t.repeat(n // len(t), 1, 1) for t in (k, v))
        split = lambda t: t.reshape(n, -1, self.heads, HEAD).transpose(1, 2)
        o = attention(split(self.to_q(x)), split(k), split(v))
        return self.to_out(o.transpose(1, 2).reshape(n, q, c))


class GEGLU(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.proj = nn.Linear(c, 8 * c)

    def forward(self, x):
        a, g = self.proj(x).chunk(2, -1)
        return a * F.gelu(g)


class FeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.net = nn.Sequential(GEGLU(c), nn.Identity(), nn.Linear(4 * c, c))

    def forward(self, x):
        return self.net(x)


class TransformerBlock(nn.Module):
    def __init__(self, c, ctx):
        super().__init__()
        self.attn1, self.attn2, self.ff = Attention(c, c), Attention(c, ctx), FeedForward(c)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(c), nn.LayerNorm(c), nn.LayerNorm(c)

    def forward(self, x, context):
        n = self.norm1(x)
        x = x + self.attn1(n, n)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    def __init__(self, c, ctx, depth):
        super().__init__()
        self.norm = nn.GroupNorm(32, c, eps=1e-6)
        self.proj_in, self.proj_out = nn.Linear(c, c), nn.Linear(c, c)
        self.transformer_blocks = nn.ModuleList(TransformerBlock(c, ctx) for _ in range(depth))
        nn.init.normal_(self.proj_out.weight, std=1e-3)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, x, context):
        n, c, h, w = x.shape
        t = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))
        for b in self.transformer_blocks:
            t = b(t, context)
        t = self.proj_out(t).transpose(1, 2).reshape(n, c, h, w)
        return x + t


class Down(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.op = nn.Conv2d(c, c, 3, stride=2, padding=1)

    def forward(self, x):
        return self.op(x)


class Up(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x, size):
        return self.conv(F.interpolate(x, size=size, mode="nearest"))


class UNet(nn.Module):
    def __init__(self, ctx=None, adm=None, mc=32, mult=(1, 2, 4), depth=(0, 1, 2), middle=2, nres=2):
        super().__init__()
        ctx = ctx or CONFIG["te1"]["width"] + CONFIG["te2"]["width"]
        adm = adm or CONFIG["te2"]["width"] + 6 * 256
        e = 4 * mc
        self.mc = mc
        self.time_embed = nn.Sequential(nn.Linear(mc, e), nn.SiLU(), nn.Linear(e, e))
        self.label_emb = nn.Sequential(nn.Sequential(nn.Linear(adm, e), nn.SiLU(), nn.Linear(e, e)))
        c = mult[0] * mc
        self.input_blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(4, mc, 3, padding=1)])])
        c, skips = mc, [mc]
        for level, m in enumerate(mult):
            for _ in range(nres):
                block = [ResBlock(c, m * mc, e)]
                c = m * mc
                if depth[level]:
                    block.append(SpatialTransformer(c, ctx, depth[level]))
                self.input_blocks.append(nn.ModuleList(block))
                skips.append(c)
            if level < len(mult) - 1:
                self.input_blocks.append(nn.ModuleList([Down(c)]))
                skips.append(c)
        self.middle_block = nn.ModuleList([ResBlock(c, c, e), SpatialTransformer(c, ctx, middle), ResBlock(c, c, e)])
        self.output_blocks = nn.ModuleList()
        for level in reversed(range(len(mult))):
            for r in range(nres + 1):
                block = [ResBlock(c + skips.pop(), mult[level] * mc, e)]
                c = mult[level] * mc
                if depth[level]:
                    block.append(SpatialTransformer(c, ctx, depth[level]))
                if level and r == nres:
                    block.append(Up(c))
                self.output_blocks.append(nn.ModuleList(block))
        self.out = nn.Sequential(nn.GroupNorm(32, c), nn.SiLU(), nn.Conv2d(c, 4, 3, padding=1))
        nn.init.zeros_(self.out[2].weight)
        nn.init.zeros_(self.out[2].bias)
        self.start_as_identity()

    @torch.no_grad()
    def start_as_identity(self):
        """Starts the network as "the noise is x itself", which is nearly right at high noise: channels in pairs
        (+x, -x), each pair alone in a group of the last norm (two channels a group), so that not even a picture's
        mean is lost, and silu(a) - silu(-a) = a."""
        first, last, out = self.input_blocks[0][0], self.output_blocks[-1][0].skip_connection, self.out[2]
        if self.out[0].num_channels != 64:
            return
        offset = last.weight.shape[1] - self.mc
        for i in range(4):
            for c, sign in ((2 * i, 1.0), (2 * i + 1, -1.0)):
                first.weight[c], first.bias[c] = 0, 0
                first.weight[c, i, 1, 1] = sign
                last.weight[c], last.bias[c] = 0, 0
                last.weight[c, offset + c] = 1
                out.weight[i, c, 1, 1] = sign

    def forward(self, x, t, context, y):
        emb = self.time_embed(sinusoid(t, self.mc)) + self.label_emb(y)
        h, skips = x, []
        for block in self.input_blocks:
            for m in block:
                h = m(h, emb) if isinstance(m, ResBlock) else m(h, context) if isinstance(m, SpatialTransformer) else m(h)
            skips.append(h)
        h = self.middle_block[2](self.middle_block[1](self.middle_block[0](h, emb), context), emb)
        for block in self.output_blocks:
            h = torch.cat([h, skips.pop()], 1)
            for m in block:
                if isinstance(m, ResBlock):
                    h = m(h, emb)
                elif isinstance(m, SpatialTransformer):
                    h = m(h, context)
                else:
                    h = m(h, skips[-1].shape[2:])
        return self.out(h)


# -------------------------------------------------------------------------------------------------- text encoders

CAUSAL = torch.full((POSITIONS, POSITIONS), -1e4).triu(1)


def attend(q, k, v, heads):
    n, t, c = q.shape
    split = lambda x: x.reshape(n, t, heads, HEAD).transpose(1, 2)
    return attention(split(q), split(k), split(v), CAUSAL[:t, :t]).transpose(1, 2).reshape(n, t, c)


class SelfAttentionHF(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(w, w) for _ in range(4))

    def forward(self, x):
        return self.out_proj(attend(self.q_proj(x), self.k_proj(x), self.v_proj(x), x.shape[2] // HEAD))


class MLPHF(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(w, 4 * w), nn.Linear(4 * w, w)

    def forward(self, x):
        h = self.fc1(x)
        return self.fc2(h * torch.sigmoid(1.702 * h))


class LayerHF(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.self_attn, self.mlp = SelfAttentionHF(w), MLPHF(w)
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(w), nn.LayerNorm(w)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Embeddings(nn.Module):
    """Only `rows` (the ids met in captions) are kept while training; export scatters them into a zero table."""

    def __init__(self, w, rows):
        super().__init__()
        self.token_embedding = nn.Embedding(rows, w)
        self.position_embedding = nn.Embedding(POSITIONS, w)
        nn.init.normal_(self.token_embedding.weight, std=0.1)
        nn.init.normal_(self.position_embedding.weight, std=0.02)

    def forward(self, idx):
        known = (idx > 0)[..., None].to(self.token_embedding.weight.dtype)  # compact id 0 = "unknown": a zero row
        return self.token_embedding(idx) * known + self.position_embedding.weight


class TextModelHF(nn.Module):
    def __init__(self, w, layers, rows):
        super().__init__()
        self.embeddings = Embeddings(w, rows)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList(LayerHF(w) for _ in range(layers))
        self.final_layer_norm = nn.LayerNorm(w)


class TextEncoder1(nn.Module):
    """CLIP-L layout. Output: the penultimate hidden state, un-normalised (clip skip 2)."""

    def __init__(self, rows, width=128, layers=3):
        super().__init__()
        self.text_model = TextModelHF(width, layers, rows)

    def forward(self, idx):
        x = self.text_model.embeddings(idx)
        for layer in self.text_model.encoder.layers[:-1]:
            x = layer(x)
        return x


class AttnOpen(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * w, w))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * w))
        self.out_proj = nn.Linear(w, w)
        nn.init.normal_(self.in_proj_weight, std=w ** -0.5 * 0.6)

    def forward(self, x):
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        return self.out_proj(attend(q, k, v, x.shape[2] // HEAD))


class MLPOpen(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.c_fc, self.c_proj = nn.Linear(w, 4 * w), nn.Linear(4 * w, w)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class BlockOpen(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.attn, self.mlp = AttnOpen(w), MLPOpen(w)
        self.ln_1, self.ln_2 = nn.LayerNorm(w), nn.LayerNorm(w)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class TextEncoder2(nn.Module):
    """OpenCLIP-G layout. Output: penultimate hidden state and the pooled vector at the end token."""

    def __init__(self, rows, width=192, layers=3):
        super().__init__()
        self.token_embedding = nn.Embedding(rows, width)
        self.positional_embedding = nn.Parameter(torch.randn(POSITIONS, width) * 0.02)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(BlockOpen(width) for _ in range(layers))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.randn(width, width) * width ** -0.5)
        self.logit_scale = nn.Parameter(torch.tensor(2.6593), requires_grad=False)
        nn.init.normal_(self.token_embedding.weight, std=0.1)

    def forward(self, idx, eos):
        known = (idx > 0)[..., None].to(self.token_embedding.weight.dtype)
        x = self.token_embedding(idx) * known + self.positional_embedding
        hidden = x
        for block in self.transformer.resblocks:
            hidden, x = x, block(x)
        last = self.ln_final(x[torch.arange(len(x)), eos])
        return hidden, last @ self.text_projection.to(last.dtype)


# ------------------------------------------------------------------------------------------------------------ VAE

class VaeRes(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, i, eps=1e-6), nn.Conv2d(i, o, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(32, o, eps=1e-6), nn.Conv2d(o, o, 3, padding=1)
        if i != o:
            self.nin_shortcut = nn.Conv2d(i, o, 1)
        nn.init.normal_(self.conv2.weight, std=1e-2 / math.sqrt(o))
        self.idle = False

    def sleep(self):
        """Makes the block an exact identity (needs i = o) and leaves it out of training: the full-size blocks cost
        most of the time and the scenes do not need them all."""
        for c in (self.conv1, self.conv2):
            nn.init.zeros_(c.weight), nn.init.zeros_(c.bias)
        self.requires_grad_(False)
        self.idle = True

    def forward(self, x):
        if self.idle:
            return x
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + h


class VaeAttn(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = nn.GroupNorm(32, c, eps=1e-6)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(c, c, 1) for _ in range(4))
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, x):
        n, c, h, w = x.shape
        y = self.norm(x)
        flat = lambda t: t.flatten(2).transpose(1, 2)[:, None]
        o = F.scaled_dot_product_attention(flat(self.q(y)), flat(self.k(y)), flat(self.v(y)))
        return x + self.proj_out(o[:, 0].transpose(1, 2).reshape(n, c, h, w))


class VaeMid(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.block_1, self.attn_1, self.block_2 = VaeRes(c, c), VaeAttn(c), VaeRes(c, c)

    def forward(self, x):
        return self.block_2(self.attn_1(self.block_1(x)))


class VaeEncoder(nn.Module):
    def __init__(self, ch, mult, nres, z):
        super().__init__()
        self.conv_in = nn.Conv2d(3, ch, 3, padding=1)
        self.down = nn.ModuleList()
        c = ch
        for level, m in enumerate(mult):
            d = nn.Module()
            d.block = nn.ModuleList()
            for _ in range(nres):
                d.block.append(VaeRes(c, m * ch))
                c = m * ch
            if level < len(mult) - 1:
                d.downsample = nn.Module()
                d.downsample.conv = nn.Conv2d(c, c, 3, stride=2)
            self.down.append(d)
        self.mid = VaeMid(c)
        self.norm_out, self.conv_out = nn.GroupNorm(32, c, eps=1e-6), nn.Conv2d(c, 2 * z, 3, padding=1)

    def forward(self, x):
        h = self.conv_in(x)
        for d in self.down:
            for b in d.block:
                h = b(h)
            if hasattr(d, "downsample"):
                h = d.downsample.conv(F.pad(h, (0, 1, 0, 1)))
        return self.conv_out(F.silu(self.norm_out(self.mid(h))))


class VaeDecoder(nn.Module):
    def __init__(self, ch, mult, nres, z):
        super().__init__()
        c = ch * mult[-1]
        self.conv_in = nn.Conv2d(z, c, 3, padding=1)
        self.mid = VaeMid(c)
        ups = []
        for level in reversed(range(len(mult))):
            u = nn.Module()
            u.block = nn.ModuleList()
            for _ in range(nres + 1):
                u.block.append(VaeRes(c, mult[level] * ch))
                c = mult[level] * ch
            if level:
                u.upsample = nn.Module()
                u.upsample.conv = nn.Conv2d(c, c, 3, padding=1)
            ups.insert(0, u)
        self.up = nn.ModuleList(ups)
        self.norm_out, self.conv_out = nn.GroupNorm(32, c, eps=1e-6), nn.Conv2d(c, 3, 3, padding=1)

    def forward(self, z):
        h = self.mid(self.conv_in(z))
        for u in reversed(self.up):
            for b in u.block:
                h = b(h)
            if hasattr(u, "upsample"):
                h = u.upsample.conv(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        return self.conv_out(F.silu(self.norm_out(h)))


class VAE(nn.Module):
    def __init__(self, ch=64, mult=(1, 1, 2, 2), nres=2, z=4):
        super().__init__()
        self.encoder, self.decoder = VaeEncoder(ch, mult, nres, z), VaeDecoder(ch, mult, nres, z)
        self.quant_conv, self.post_quant_conv = nn.Conv2d(2 * z, 2 * z, 1), nn.Conv2d(z, z, 1)
        self.z = z
        for b in [*self.encoder.down[0].block, *self.decoder.up[0].block[1:]]:
            b.sleep()

    @torch.no_grad()
    def start_as_pooling(self):
        """Starts as an 8x8 mean and a nearest-neighbour enlargement, carried through the network in channel pairs
        (+v, -v) (silu(a) - silu(-a) = a): training then only has to learn the detail."""
        for m in self.modules():
            if isinstance(m, nn.Conv2d) and m.weight.requires_grad:
                nn.init.normal_(m.weight, std=m.weight[0].numel() ** -0.5)
                nn.init.zeros_(m.bias)
        for m in self.modules():
            if isinstance(m, VaeRes) and not m.idle:
                m.conv2.weight *= 0.02
            if isinstance(m, VaeAttn):
                nn.init.zeros_(m.proj_out.weight)
        e, d, gain = self.encoder, self.decoder, 0.5

        def carry(conv, taps):
            """The first eight channels pass unchanged."""
            conv.weight[:8] = 0
            for c in range(8):
                for y, x in taps:
                    conv.weight[c, c, y, x] = 1 / len(taps)

        for net in (e, d):
            net.conv_in.weight[:8] = 0
        for i in range(3):
            e.conv_in.weight[2 * i, i, 1, 1], e.conv_in.weight[2 * i + 1, i, 1, 1] = gain, -gain
        for l in e.down[:-1]:
            carry(l.downsample.conv, [(0, 0), (0, 1), (1, 0), (1, 1)])
        for u in d.up[1:]:
            carry(u.upsample.conv, [(1, 1)])
        for m in self.modules():
            if isinstance(m, VaeRes) and hasattr(m, "nin_shortcut"):
                carry(m.nin_shortcut, [(0, 0)])
        e.conv_out.weight *= 0.02
        e.conv_out.weight[4:] = 0
        e.conv_out.bias[4:] = -6
        for i in range(3):
            e.conv_out.weight[i] = 0
            e.conv_out.weight[i, 2 * i, 1, 1], e.conv_out.weight[i, 2 * i + 1, 1, 1] = 1.8, -1.8
        for c, n in ((self.quant_conv, 8), (self.post_quant_conv, 4)):
            c.weight[:] = torch.eye(n)[:, :, None, None]
        d.conv_out.weight *= 0.02
        for i in range(4):
            d.conv_in.weight[2 * i, i, 1, 1], d.conv_in.weight[2 * i + 1, i, 1, 1] = gain / 1.5, -gain / 1.5
        for i in range(3):
            d.conv_out.weight[i] = 0
            d.conv_out.weight[i, 2 * i, 1, 1], d.conv_out.weight[i, 2 * i + 1, 1, 1] = 1.15, -1.15

    def streams(self):
        """The residual streams whose scale may be chosen freely, each as (scale, norms that read it, convolutions
        that write into it from normalised values, convolutions within it). See `scale_streams`."""
        e, d = self.encoder, self.decoder
        blocks = lambda levels: [b for l in levels for b in l.block]
        mids = lambda m: [m.block_1, m.block_2]

        def stream(s, bs, attn, first, within, norms):
            return (s, [b.norm1 for b in bs] + [a.norm for a in attn] + norms, [b.conv2 for b in bs] + [a.proj_out for a in attn] + first,
                    [b.nin_shortcut for b in bs if hasattr(b, "nin_shortcut")] + within)

        enc = stream(2e-3, blocks(e.down) + mids(e.mid), [e.mid.attn_1], [e.conv_in], [l.downsample.conv for l in e.down if hasattr(l, "downsample")], [e.norm_out])
        low = stream(0.03, blocks(d.up[1:]) + mids(d.mid), [d.mid.attn_1], [d.conv_in], [u.upsample.conv for u in d.up[2:]], [])
        top = stream(2e-3, list(d.up[0].block), [], [], [], [d.norm_out])
        return enc, low, top

    def training_eps(self):
        """GroupNorm at these small widths would forget flat colours (with 2 channels a group only a sign is left of
        a flat picture). If the stream is small against sqrt(eps) the norm is linear and nothing is lost. So: train
        with a large eps, and in the end scale the streams down, which is the same function with eps = 1e-6."""
        for s, norms, _, _ in self.streams():
            for n in norms:
                n.eps = 1e-6 / s**2

    @torch.no_grad()
    def scale_streams(self):
        """Turns weights trained under `training_eps` into weights for the standard eps."""
        (enc, low, top) = self.streams()
        for s, norms, writers, within in (enc, low, top):
            for n in norms:
                n.eps = 1e-6
            for c in writers:
                c.weight *= s
                c.bias *= s
            for c in within:
                c.bias *= s
        up = self.decoder.up[1].upsample.conv  # reads the lower stream, writes into the top one
        up.weight *= top[0] / low[0]
        up.bias *= top[0]

    def moments(self, x):
        """x in -1 … 1 -> (mean, log-variance) in VAE space."""
        m = self.quant_conv(self.encoder(x))
        return m[:, : self.z], m[:, self.z :].clamp(-30, 20)

    def decode(self, z):
        return self.decoder(self.post_quant_conv(z))

    def to_latent(self, x):
        return self.moments(x)[0] * LATENT_SCALE

    def from_latent(self, z):
        return self.decode(z / LATENT_SCALE)


def parameters_of(m):
    return sum(p.numel() for p in m.parameters())
