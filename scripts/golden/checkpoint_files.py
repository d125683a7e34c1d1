"""Files that people put into the folders for checkpoints and VAEs, tiny, one for each row of the table in docs/models.md:
what diffusers, transformers, gguf, torch and safetensors write, and single files of other models by their own names.
Writes test/golden/models/checkpoint-* and vae-*, and test/golden/checkpoint-values.safetensors (what torch reads).

    python3 scripts/golden/checkpoint_files.py

Needs torch, diffusers, transformers, safetensors, gguf and the zstd program. Weights are windows into one short table, so
that every file packs to a few kilobytes. checkpoint_networks.py adds those that networks are asked in: run it afterwards.
"""

import json
import math
import pathlib
import subprocess
import tempfile

import diffusers
import gguf
import numpy as np
import torch
import transformers
from safetensors.torch import save_file

import tiny

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "test" / "golden"
FOLDER = GOLDEN / "models"

# The smallest SDXL layout that the architecture allows: two levels, one layer, a vocabulary that no prompt needs.
tiny.PERIOD, tiny.VOCAB, tiny.LAYERS = 509, 16, 1
tiny.UNET = {"mc": 32, "mult": (1, 2), "depth": (0, 1), "mid": 1}
tiny.WIDTH_L, tiny.WIDTH_G = 64, 64
tiny.CONTEXT, tiny.ADM, tiny.VAE_MULT = 128, 64 + 6 * 256, (1, 1, 1, 1)

UNET, TEXT_L, TEXT_G, VAE = (
    "model.diffusion_model.",
    "conditioner.embedders.0.transformer.",
    "conditioner.embedders.1.model.",
    "first_stage_model.",
)
VALUES = {}


def pack(name, write):
    """Has `write` fill a file and packs it as `name`.zst."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        write(path)
        target = FOLDER / f"{name}.zst"
        path.chmod(0o644)
        subprocess.run(["zstd", "-q", "-f", "-19", "--long=24", path, "-o", target], check=True)


def save(name, tensors, metadata=None):
    tensors = {key: value.detach().clone().contiguous() for key, value in tensors.items()}
    pack(f"{name}.safetensors", lambda path: save_file(tensors, path, metadata))


def patterned(tensors):
    """The same names, shapes and types with values that pack well."""
    writer = tiny.Writer(torch.float32)
    for name, value in tensors.items():
        writer.put(name, list(value.shape), 0.1)
    return {name: writer.tensors[name].to(value.dtype) for name, value in tensors.items()}


def model(name, made):
    """What `save_pretrained` writes of a tiny model of a package."""
    save(name, patterned(made.state_dict()), {"format": "pt"})


def only(tensors, *prefixes):
    return {key: value for key, value in tensors.items() if key.startswith(prefixes)}


def without(tensors, *prefixes):
    return {key: value for key, value in tensors.items() if not key.startswith(prefixes)}


def named(*names):
    """Tensors by name where nothing but names tells."""
    return {name: torch.full((4, 4), 0.5) for name in names}


# Whole checkpoints and what is said of them


def f8(tensors, dtype=torch.float8_e4m3fn):
    return {k: v.to(dtype) if v.is_floating_point() and v.dim() > 0 else v for k, v in tensors.items()}


def scaled(tensors, prefix, names):
    """Linear layers below a prefix in F8 with one scale each, as ComfyUI keeps them; `names(layer, scale)` says how."""
    out = dict(tensors)
    for key, value in tensors.items():
        if not (key.startswith(prefix) and key.endswith(".weight") and value.dim() == 2):
            continue
        scale = value.float().abs().max() / 448
        out[key] = (value.float() / scale).to(torch.float8_e4m3fn)
        out.update(names(key.removesuffix(".weight"), scale))
    return out


def old_scales(layer, scale):
    return {f"{layer}.scale_weight": scale, f"{layer}.scale_input": torch.tensor(1.0)}


def comfy(layer, scale, form="float8_e4m3fn"):
    description = torch.frombuffer(bytearray(json.dumps({"format": form}).encode()), dtype=torch.uint8)
    return {f"{layer}.weight_scale": scale, f"{layer}.input_scale": torch.tensor(1.0), f"{layer}.comfy_quant": description}


PROBE = f"{UNET}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
TOKENS = f"{TEXT_L}text_model.embeddings.token_embedding.weight"


def remember(name, tensors, key, scale=None):
    """What torch makes of one tensor: its values in float32, times its scale."""
    value = tensors[key].float()
    VALUES[f"{name}|{key}"] = value if scale is None else value * tensors[scale].float()


def readable(base):
    save("checkpoint-base", base, {"format": "pt", "modelspec.architecture": "stable-diffusion-xl-v1-base"})
    remember("checkpoint-base", base, PROBE)
    plain = f8(base)
    save("checkpoint-f8", plain)
    remember("checkpoint-f8", plain, PROBE)
    remember("checkpoint-f8", plain, TOKENS)
    wide = f8(base, torch.float8_e5m2)
    save("checkpoint-f8-e5m2", wide)
    remember("checkpoint-f8-e5m2", wide, PROBE)

    old = scaled(base, UNET, old_scales) | {f"{UNET}scaled_fp8": torch.zeros(2).to(torch.float8_e4m3fn)}
    save("checkpoint-f8-scaled", old)
    remember("checkpoint-f8-scaled", old, PROBE, PROBE.replace(".weight", ".scale_weight"))
    new = scaled(base, (UNET, TEXT_L), comfy)
    save("checkpoint-f8-comfy", new)
    for key in (PROBE, TOKENS):
        remember("checkpoint-f8-comfy", new, key, key.replace(".weight", ".weight_scale"))
    listed = scaled(base, UNET, lambda layer, scale: {f"{layer}.weight_scale": scale})
    layers = {key.removesuffix(".weight_scale"): {"format": "float8_e4m3fn"} for key in listed if key.endswith("_scale")}
    save("checkpoint-f8-listed", listed, {"_quantization_metadata": json.dumps({"layers": layers})})
    remember("checkpoint-f8-listed", listed, PROBE, PROBE.replace(".weight", ".weight_scale"))

    marker = torch.tensor([])
    save("checkpoint-v-marker", base | {"v_pred": marker})
    save("checkpoint-v-zero-snr", base | {"v_pred": marker, "ztsnr": marker})
    save("checkpoint-zero-snr-kohya", base, {"ss_zero_terminal_snr": "True", "ss_v_parameterization": "True"})
    save("checkpoint-v-modelspec", base, {"modelspec.prediction_type": "v"})
    save("checkpoint-v-kohya", base, {"ss_v_parameterization": "True", "ss_v2": "False"})
    save("checkpoint-v-contradiction", base | {"v_pred": marker}, {"modelspec.prediction_type": "epsilon"})
    save("checkpoint-distilled", without(base, f"{UNET}middle_block.1.", f"{UNET}middle_block.2."))
    save("checkpoint-no-vae", without(base, VAE))
    save("checkpoint-no-encoder", without(base, f"{VAE}encoder.", f"{VAE}quant_conv."))
    training = {f"model_ema.{key.replace('.', '')}": value for key, value in list(only(base, UNET).items())[:4]}
    save("checkpoint-training", base | training | {name: torch.rand(4) for name in ("betas", "alphas_cumprod")})
    save("checkpoint-extras", base | named("control_model.note.weight", "extra.weight"))


def hinted(base):
    """Files that say nothing of what they predict, except to people."""
    save("checkpoint-only-named-vpred", base)
    save("checkpoint-only-named-playground-v2.5", base)
    save("checkpoint-only-named-zsnr", base)
    save("checkpoint-merged", base, {"sd_merge_models": json.dumps({"ab12": {"name": "noobaiXL_vPred10.safetensors"}})})
    save("checkpoint-lightning-1step-x0", base)
    save("checkpoint-flow-matching", base)


def broken(base):
    save("checkpoint-edm", base | {"edm_mean": torch.zeros(4), "edm_std": torch.ones(4)})
    save("checkpoint-cosxl", base | {"edm_vpred.sigma_max": torch.tensor(120.0), "edm_vpred.sigma_min": torch.tensor(0.002)})
    save("checkpoint-edm-levels", base | {"edm_vpred.sigma_max": torch.tensor(80.0)})
    save("checkpoint-x0", base, {"modelspec.prediction_type": "sample"})
    rows = {key: torch.ones(value.shape[0], 1) for key, value in base.items() if key == PROBE}
    save("checkpoint-f8-rows", f8(base) | {PROBE.replace(".weight", ".weight_scale"): rows[PROBE]})
    for form in ("nvfp4", "mxfp8", "int8_tensorwise"):
        layer = PROBE.removesuffix(".weight")
        weight = {PROBE: torch.ones_like(base[PROBE], dtype=torch.int8 if form.startswith("int8") else torch.uint8)}
        save(f"checkpoint-{form.replace('_', '-')}", base | weight | comfy(layer, torch.tensor(0.5), form))
    save("checkpoint-e8m0", base | {PROBE.replace(".weight", ".weight_scale"): torch.ones(4).to(torch.float8_e8m0fnu)})
    save("checkpoint-svdquant", base | named(PROBE.replace(".weight", ".wscales"), PROBE.replace(".weight", ".smooth_factor")))
    save("checkpoint-bitsandbytes", base | {f"{PROBE}.quant_state.bitsandbytes__nf4": torch.zeros(8, dtype=torch.uint8)})
    save("checkpoint-int8", base | {PROBE: torch.ones_like(base[PROBE], dtype=torch.int8)})

    save("checkpoint-no-biases", {k: v for k, v in base.items() if not (k.startswith(UNET) and k.endswith(".bias"))})
    save("checkpoint-no-block", without(base, f"{UNET}output_blocks.5."))
    save("checkpoint-no-text-layer", without(base, f"{TEXT_G}transformer.resblocks.0.mlp."))
    save("checkpoint-no-text-encoder", without(base, TEXT_L))
    save("checkpoint-half-vae", without(base, f"{VAE}decoder.up."))
    guidance = {f"{UNET}time_embed.cond_proj.weight": torch.ones(32, 16)}
    save("checkpoint-guidance-input", base | guidance)
    save("checkpoint-unmerged-lora", base | named(PROBE.replace(".weight", ".lora_up.weight"), PROBE.replace(".weight", ".lora_down.weight")))
    save("checkpoint-video", base | named(f"{UNET}input_blocks.4.1.time_stack.0.norm1.weight"))
    save("checkpoint-inpainting", base | {f"{UNET}input_blocks.0.0.weight": torch.ones(32, 9, 3, 3)})
    save("checkpoint-instruct", base | {f"{UNET}input_blocks.0.0.weight": torch.ones(32, 8, 3, 3)})
    unfinished = sorted(base)
    zeros = {key: torch.zeros_like(base[key]) if key >= f"{UNET}out" else base[key] for key in unfinished}
    save("checkpoint-unfinished", {key: value.half() if value.is_floating_point() else value for key, value in zeros.items()})

    save("checkpoint-unet-only", only(base, UNET))
    save("checkpoint-unet-bare", {key.removeprefix(UNET): value for key, value in only(base, UNET).items()})
    refiner = without(base, TEXT_L)
    save("checkpoint-refiner", {key.replace("conditioner.embedders.1.", "conditioner.embedders.0."): value for key, value in refiner.items()})
    kolors = only(base, UNET) | {f"{UNET}encoder_hid_proj.weight": torch.ones(128, 64), f"{UNET}encoder_hid_proj.bias": torch.ones(128)}
    save("checkpoint-kolors", kolors)
    save("checkpoint-piece-00001-of-00002", dict(list(base.items())[:40]))


def stable_diffusion(base):
    """SD 1 and 2 in one file: their UNet has neither ADM nor, in 1.x, linear projections; text stands elsewhere."""
    unet = without(only(base, UNET), f"{UNET}label_emb.")
    for version, width, prefix, text in (
        ("1", 768, "cond_stage_model.transformer.", {key.removeprefix(TEXT_L): v for key, v in only(base, TEXT_L).items()}),
        ("2", 1024, "cond_stage_model.model.", {key.removeprefix(TEXT_G): v for key, v in only(base, TEXT_G).items()}),
    ):
        attended = {k: v.repeat(1, width // v.shape[1]) if ".attn2.to_k." in k or ".attn2.to_v." in k else v for k, v in unet.items()}
        save(f"checkpoint-sd{version}", attended | {prefix + k: v for k, v in text.items()} | only(base, VAE))


# What packages write


def unet_blocks(sdxl):
    usual = {"block_out_channels": (32, 64), "layers_per_block": 1, "norm_num_groups": 32, "attention_head_dim": 32, "sample_size": 8}
    blocks = {"down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D")}
    more = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 112, "use_linear_projection": True}
    return {**usual, **blocks, "cross_attention_dim": 64, **(more if sdxl else {})}


def packages():
    d, t = diffusers, transformers
    model("checkpoint-diffusers-sdxl", d.UNet2DConditionModel(**unet_blocks(True)))
    model("checkpoint-diffusers-sd1", d.UNet2DConditionModel(**unet_blocks(False)))
    model("checkpoint-diffusers-kolors", d.UNet2DConditionModel(**unet_blocks(True), encoder_hid_dim=64, encoder_hid_dim_type="text_proj"))
    control = {k: v for k, v in unet_blocks(True).items() if k not in ("up_block_types", "sample_size")}
    model("checkpoint-diffusers-controlnet", d.ControlNetModel(**control, conditioning_embedding_out_channels=(16, 32)))
    model("checkpoint-t2i-adapter", d.T2IAdapter(channels=[32, 32, 32, 32], num_res_blocks=1, adapter_type="full_adapter_xl"))
    heads = {"num_layers": 1, "attention_head_dim": 8, "num_attention_heads": 2}
    joint = {**heads, "joint_attention_dim": 16, "pooled_projection_dim": 16}
    model("checkpoint-diffusers-flux", d.FluxTransformer2DModel(in_channels=4, num_single_layers=1, axes_dims_rope=(2, 2, 4), **joint))
    model("checkpoint-diffusers-sd3", d.SD3Transformer2DModel(sample_size=8, patch_size=2, in_channels=4, caption_projection_dim=16, pos_embed_max_size=8, **joint))
    model("checkpoint-diffusers-pixart", d.PixArtTransformer2DModel(cross_attention_dim=16, caption_channels=16, sample_size=8, in_channels=4, out_channels=8, num_embeds_ada_norm=10, **heads))
    model("checkpoint-diffusers-hunyuan", d.HunyuanDiT2DModel(num_attention_heads=2, attention_head_dim=8, in_channels=4, patch_size=2, hidden_size=16, sample_size=8, num_layers=2, cross_attention_dim=16, cross_attention_dim_t5=16, pooled_projection_dim=16, text_len=4, text_len_t5=4))
    model("checkpoint-diffusers-auraflow", d.AuraFlowTransformer2DModel(sample_size=8, patch_size=2, in_channels=4, num_mmdit_layers=1, num_single_dit_layers=1, attention_head_dim=8, num_attention_heads=2, caption_projection_dim=16, joint_attention_dim=16, out_channels=4, pos_embed_max_size=16))
    model("checkpoint-diffusers-cascade", d.StableCascadeUNet(in_channels=4, out_channels=4, conditioning_dim=16, block_out_channels=(16, 16), num_attention_heads=(2, 2), down_num_layers_per_block=(1, 1), up_num_layers_per_block=(1, 1), down_blocks_repeat_mappers=(1, 1), up_blocks_repeat_mappers=(1, 1), block_types_per_layer=(("SDCascadeResBlock",), ("SDCascadeResBlock",)), clip_text_pooled_in_channels=16, clip_seq=2, clip_text_in_channels=16, clip_image_in_channels=16, timestep_ratio_embedding_dim=8))
    model("checkpoint-diffusers-wan", d.WanTransformer3DModel(num_attention_heads=2, attention_head_dim=12, in_channels=4, out_channels=4, text_dim=16, freq_dim=16, ffn_dim=32, num_layers=1))
    model("checkpoint-diffusers-qwen", d.QwenImageTransformer2DModel(in_channels=4, out_channels=4, joint_attention_dim=16, axes_dims_rope=(2, 2, 4), **heads))
    model("checkpoint-diffusers-sana", d.SanaTransformer2DModel(in_channels=4, out_channels=4, num_cross_attention_heads=2, cross_attention_head_dim=8, cross_attention_dim=16, caption_channels=16, sample_size=8, **heads))
    model("checkpoint-diffusers-lumina", d.Lumina2Transformer2DModel(sample_size=8, in_channels=4, hidden_size=24, num_layers=1, num_refiner_layers=1, num_attention_heads=2, num_kv_heads=1, multiple_of=8, cap_feat_dim=16, axes_dim_rope=(4, 4, 4), axes_lens=(8, 8, 8)))
    text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 16, "projection_dim": 16}
    model("checkpoint-clip-text", t.CLIPTextModelWithProjection(t.CLIPTextConfig(**text, bos_token_id=0, eos_token_id=1)))
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "projection_dim": 16}
    model("checkpoint-clip-vision", t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(**vision, image_size=16, patch_size=8)))
    model("checkpoint-t5", t.T5EncoderModel(t.T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, vocab_size=16)))


# Other models in one file, by their own repositories' names

SINGLE_FILES = {
    "flux": ("double_blocks.0.img_attn.qkv.weight", "single_blocks.0.linear1.weight", "img_in.weight", "txt_in.weight"),
    "sd3": ("model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", "model.diffusion_model.x_embedder.proj.weight", "first_stage_model.decoder.conv_in.weight"),
    "chroma": ("distilled_guidance_layer.in_proj.weight", "double_blocks.0.img_attn.qkv.weight"),
    "hunyuan-video": ("double_blocks.0.img_attn_qkv.weight", "txt_in.individual_token_refiner.blocks.0.norm1.weight"),
    "pixart": ("y_embedder.y_proj.fc1.weight", "blocks.0.cross_attn.kv_linear.weight", "t_block.1.weight"),
    "auraflow": ("model.double_layers.0.attn.w1q.weight", "model.single_layers.0.attn.w1q.weight", "model.register_tokens"),
    "cascade": ("clip_txt_mapper.weight", "clip_txt_pooled_mapper.weight", "clip_img_mapper.weight", "down_blocks.0.0.channelwise.0.weight"),
    "wan": ("blocks.0.self_attn.norm_q.weight", "head.modulation", "time_projection.1.weight", "patch_embedding.weight"),
    "lora": ("lora_unet_input_blocks_4_1_proj_in.lora_up.weight", "lora_unet_input_blocks_4_1_proj_in.lora_down.weight"),
    "controlnet": ("control_model.input_hint_block.0.weight", "control_model.time_embed.0.weight"),
    "control-lora": ("lora_controlnet", "input_hint_block.0.weight"),
    "ip-adapter": ("image_proj.latents", "ip_adapter.1.to_k_ip.weight"),
    "textual-inversion": ("clip_g", "clip_l"),
    "upscaler": ("conv_first.weight", "body.0.rdb1.conv1.weight"),
    "video-model": ("model.diffusion_model.input_blocks.1.1.time_stack.0.norm1.weight",),
    "unknown": ("what.weight", "ever.weight"),
    "hidream": ("double_stream_blocks.0.block.attn1.to_q.weight", "x_embedder.proj.weight"),
    "ltx": ("model.diffusion_model.patchify_proj.weight", "model.diffusion_model.transformer_blocks.0.attn1.to_q.weight"),
    "z-image": ("noise_refiner.0.attention.qkv.weight", "cap_embedder.0.weight", "layers.0.attention.qkv.weight"),
    "animatediff": ("down_blocks.0.motion_modules.0.temporal_transformer.norm.weight",),
    "language-model": ("model.layers.0.self_attn.q_proj.weight", "model.embed_tokens.weight"),
    "lllite": ("lllite_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.conditioning1.0.weight",),
    "taesd": ("decoder.layers.0.weight", "encoder.layers.0.weight"),
}


def single_files():
    for name, names in SINGLE_FILES.items():
        save(f"checkpoint-{name}", named(*names))
    # A VAE in the folder for checkpoints.
    save("checkpoint-vae", {key.removeprefix(VAE): value for key, value in only(tiny.checkpoint(), VAE).items()})


# VAEs


def vaes(base):
    own = {key.removeprefix(VAE): value for key, value in only(base, VAE).items()}
    save("vae-ldm", own)
    save("vae-first-stage", only(base, VAE))
    save("vae-prefix", {f"vae.{key}": value for key, value in own.items()})
    save("vae-training", own | {f"loss.{name}": torch.rand(4) for name in ("logvar", "discriminator.weight")})
    save("vae-decoder", without(own, "encoder.", "quant_conv."))
    levels = {"down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4}
    shape = {**levels, "layers_per_block": 2, "norm_num_groups": 32}
    real = diffusers.AutoencoderKL(block_out_channels=[32, 32, 64, 64], **shape)
    diffusers_names = patterned(real.state_dict())
    save("vae-diffusers", diffusers_names, {"format": "pt"})
    real.load_state_dict(diffusers_names)
    latent = torch.randn(1, 4, 3, 2, generator=torch.Generator().manual_seed(5))
    VALUES["vae-diffusers|latent"] = latent
    VALUES["vae-diffusers|image"] = real.eval().decode(latent).sample
    for key in ("decoder.up_blocks.0.resnets.1.conv1.weight", "decoder.mid_block.attentions.0.to_q.weight"):
        remember("vae-diffusers", diffusers_names, key)
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    renamed = {}
    for key, value in diffusers_names.items():
        for now, then in old.items():
            key = key.replace(f"attentions.0.{now}.", f"attentions.0.{then}.")
        renamed[key] = value
    save("vae-diffusers-old", renamed)
    model("vae-flux", diffusers.AutoencoderKL(block_out_channels=[32, 32, 32, 32], latent_channels=16, use_quant_conv=False, use_post_quant_conv=False, **shape))
    model("vae-asymmetric", diffusers.AsymmetricAutoencoderKL(down_block_types=["DownEncoderBlock2D"], down_block_out_channels=[32], layers_per_down_block=1, up_block_types=["UpDecoderBlock2D"], up_block_out_channels=[32], layers_per_up_block=1, norm_num_groups=32))
    model("vae-taesd", diffusers.AutoencoderTiny(encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8)))
    model("vae-vq", diffusers.VQModel(block_out_channels=(32,), norm_num_groups=32, num_vq_embeddings=16))
    model("vae-video", diffusers.AutoencoderKLTemporalDecoder(block_out_channels=(32,), down_block_types=("DownEncoderBlock2D",), layers_per_block=1))
    model("vae-wan", diffusers.AutoencoderKLWan(base_dim=8, z_dim=4, num_res_blocks=1))
    save("vae-incomplete", without(own, "decoder.up.2."))
    save("vae-encoder", only(own, "encoder.", "quant_conv."))
    save("vae-lora", named(*SINGLE_FILES["lora"]))


# What is no safetensors file


def containers():
    def write_gguf(path):
        writer = gguf.GGUFWriter(path, "sdxl")
        writer.add_tensor("input_blocks.0.0.weight", np.ones((4, 4), dtype=np.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    texts = {
        "web-page": "<!DOCTYPE html>\n<html><body>Sign in to download</body></html>\n",
        "json": '{"error": "Access to this model is restricted"}\n',
        "text": "Invalid credentials in Authorization header",
        "git-lfs": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 6938078334\n",
        "index": json.dumps({"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}),
    }
    pack("checkpoint-gguf.safetensors", write_gguf)
    pack("checkpoint-pickle.safetensors", lambda path: torch.save(named("a.weight"), path))
    pack("checkpoint-pickle-old.safetensors", lambda path: torch.save(named("a.weight"), path, _use_new_zipfile_serialization=False))
    for name, text in texts.items():
        pack(f"checkpoint-{name}.safetensors", lambda path, text=text: path.write_text(text))
    pack("checkpoint-apple-double.safetensors", lambda path: path.write_bytes(b"\0\x05\x16\x07\0\x02\0\0Mac OS X        " + bytes(96)))


@torch.no_grad()
def main():
    FOLDER.mkdir(exist_ok=True)
    for old in [*FOLDER.glob("checkpoint-*"), *FOLDER.glob("vae-*")]:
        old.unlink()
    base = tiny.checkpoint()
    readable(base)
    hinted(base)
    broken(base)
    stable_diffusion(base)
    packages()
    single_files()
    vaes(base)
    containers()
    save_file({key: value.contiguous() for key, value in VALUES.items()}, GOLDEN / "checkpoint-values.safetensors")
    files = [*FOLDER.glob("checkpoint-*"), *FOLDER.glob("vae-*")]
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files)} bytes")


if __name__ == "__main__":
    main()
