"""Two LoRAs for the tiny checkpoint, in the two ways kohya's tools spell UNet modules, and the same as folded weights."""

import torch

ROOT, L, G = "model.diffusion_model", "conditioner.embedders.0.transformer.text_model", "conditioner.embedders.1.model"

# file name -> (weight in the checkpoint, rows of it or None)
SGM = {
    "lora_unet_input_blocks_4_1_proj_in": (f"{ROOT}.input_blocks.4.1.proj_in.weight", None),
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q": (
        f"{ROOT}.input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight",
        None,
    ),
    "lora_unet_middle_block_1_transformer_blocks_1_attn2_to_k": (
        f"{ROOT}.middle_block.1.transformer_blocks.1.attn2.to_k.weight",
        None,
    ),
    "lora_unet_middle_block_1_transformer_blocks_1_ff_net_0_proj": (
        f"{ROOT}.middle_block.1.transformer_blocks.1.ff.net.0.proj.weight",
        None,
    ),
    "lora_unet_output_blocks_2_0_in_layers_2": (f"{ROOT}.output_blocks.2.0.in_layers.2.weight", None),
    "lora_unet_input_blocks_3_0_op": (f"{ROOT}.input_blocks.3.0.op.weight", None),
    "lora_te1_text_model_encoder_layers_1_self_attn_q_proj": (f"{L}.encoder.layers.1.self_attn.q_proj.weight", None),
    "lora_te1_text_model_encoder_layers_0_mlp_fc2": (f"{L}.encoder.layers.0.mlp.fc2.weight", None),
    "lora_te2_text_model_encoder_layers_1_self_attn_k_proj": (
        f"{G}.transformer.resblocks.1.attn.in_proj_weight",
        slice(128, 256),
    ),
    "lora_te2_text_model_encoder_layers_2_mlp_fc1": (f"{G}.transformer.resblocks.2.mlp.c_fc.weight", None),
}
DIFFUSERS = {
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q": (
        f"{ROOT}.input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight",
        None,
    ),
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0": (
        f"{ROOT}.input_blocks.4.1.transformer_blocks.0.attn1.to_out.0.weight",
        None,
    ),
    "lora_unet_down_blocks_2_resnets_0_conv_shortcut": (f"{ROOT}.input_blocks.7.0.skip_connection.weight", None),
    "lora_unet_down_blocks_2_resnets_1_time_emb_proj": (f"{ROOT}.input_blocks.8.0.emb_layers.1.weight", None),
    "lora_unet_mid_block_attentions_0_proj_out": (f"{ROOT}.middle_block.1.proj_out.weight", None),
    "lora_unet_up_blocks_0_upsamplers_0_conv": (f"{ROOT}.output_blocks.2.2.conv.weight", None),
    "lora_unet_up_blocks_1_attentions_2_transformer_blocks_0_attn2_to_v": (
        f"{ROOT}.output_blocks.5.1.transformer_blocks.0.attn2.to_v.weight",
        None,
    ),
    "lora_unet_up_blocks_2_resnets_0_conv2": (f"{ROOT}.output_blocks.6.0.out_layers.3.weight", None),
}


def make(names, weights, rank, alpha, dtype, seed):
    """A LoRA file's tensors. `alpha` None leaves the key out."""
    generator, file = torch.Generator().manual_seed(seed), {}
    for name, (key, rows) in names.items():
        shape = list(weights[key][rows].shape if rows else weights[key].shape)
        down = torch.randn([rank, *shape[1:]], generator=generator) * 0.2
        up = torch.randn([shape[0], rank, *[1] * (len(shape) - 2)], generator=generator) * 0.2
        file[f"{name}.lora_down.weight"] = down.to(dtype)
        file[f"{name}.lora_up.weight"] = up.to(dtype)
        if alpha is not None:
            file[f"{name}.alpha"] = torch.tensor(alpha).to(dtype)
    return file


def fold(weights, names, file, strength):
    """weights + strength * alpha / rank * up @ down, in float32."""
    folded = {key: value.clone() for key, value in weights.items()}
    for name, (key, rows) in names.items():
        down, up = file[f"{name}.lora_down.weight"].float(), file[f"{name}.lora_up.weight"].float()
        rank = down.shape[0]
        scale = file[f"{name}.alpha"].float().item() / rank if f"{name}.alpha" in file else 1.0
        delta = strength * scale * (up.flatten(1) @ down.flatten(1))
        target = folded[key][rows] if rows else folded[key]
        target += delta.reshape(target.shape)
    return folded
