"""The demo checkpoint's UNet under diffusers' schedulers: what a step costs, in processor milliseconds, as JSON.

    python scripts/bench/samplers/beside_diffusers.py CHECKPOINT FOLDER

FOLDER has what samplers.ts left there: `task.json` (steps, guidance, side of the latent), and the conditioning that our engine
made of the prompt, as raw float32. Started by samplers.ts.

The UNet is diffusers' own, with the checkpoint's weights. Its configuration has no words for three things of this network, so
these modules are put in by hand, of diffusers' classes: a first convolution narrower than the first block, an embedding of
time as narrow, and a middle that is deeper than its neighbours. `answer.f32` is our network's answer to `sample.f32`; the
largest difference of theirs to it is told, so that it is the same network that is timed.
"""

import copy
import json
import sys
import time
from pathlib import Path

for name in ("torchvision",):
    # diffusers looks for it and does without; one that does not fit the installed torch would stop it.
    sys.modules[name] = None

import numpy
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LCMScheduler,
    LMSDiscreteScheduler,
    TCDScheduler,
    UNet2DConditionModel,
    UniPCMultistepScheduler,
)
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.resnet import ResnetBlock2D
from safetensors.torch import load_file

betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
multistep = lambda **more: DPMSolverMultistepScheduler(**betas, **more)
schedulers = {
    "euler": lambda: EulerDiscreteScheduler(**betas),
    "euler_ancestral": lambda: EulerAncestralDiscreteScheduler(**betas),
    "heun": lambda: HeunDiscreteScheduler(**betas),
    "dpm_2": lambda: KDPM2DiscreteScheduler(**betas),
    "dpm_2_ancestral": lambda: KDPM2AncestralDiscreteScheduler(**betas),
    "lms": lambda: LMSDiscreteScheduler(**betas),
    "dpmpp_2m": lambda: multistep(),
    "dpmpp_2m_sde": lambda: multistep(algorithm_type="sde-dpmsolver++"),
    "ddpm": lambda: DDPMScheduler(**betas),
    "ddim": lambda: DDIMScheduler(**betas),
    "lcm": lambda: LCMScheduler(**betas),
    "tcd": lambda: TCDScheduler(**betas),
    "uni_pc": lambda: UniPCMultistepScheduler(**betas),
}

folder = Path(sys.argv[2])
task = json.loads((folder / "task.json").read_text())


def demo_unet(path):
    weights = {key: value.float() for key, value in load_file(path).items() if key.startswith("model.diffusion_model.")}
    own = lambda key: weights[f"model.diffusion_model.{key}"]
    narrow, wide = own("input_blocks.0.0.weight").shape[0], own("input_blocks.1.0.in_layers.2.weight").shape[0]
    time_width = own("time_embed.0.weight").shape[0]
    unet = UNet2DConditionModel(
        block_out_channels=(wide, *(own(f"input_blocks.{i}.0.in_layers.2.weight").shape[0] for i in (4, 7))),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=2,
        attention_head_dim=tuple(max(1, width // 64) for width in (wide, 128, 128)),
        transformer_layers_per_block=(1, 1, 1),
        cross_attention_dim=own("input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight").shape[1],
        use_linear_projection=True,
        time_embedding_dim=time_width,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=own("label_emb.0.0.weight").shape[1],
    )
    unet.conv_in = torch.nn.Conv2d(4, narrow, 3, padding=1)
    unet.time_proj = Timesteps(narrow, True, 0)
    unet.time_embedding = TimestepEmbedding(narrow, time_width)
    res = lambda width: ResnetBlock2D(in_channels=width, out_channels=wide, temb_channels=time_width, eps=1e-5)
    unet.down_blocks[0].resnets[0] = res(narrow)
    unet.up_blocks[2].resnets[2] = res(wide + narrow)
    middle = unet.mid_block.attentions[0].transformer_blocks
    while f"model.diffusion_model.middle_block.1.transformer_blocks.{len(middle)}.norm1.weight" in weights:
        middle.append(copy.deepcopy(middle[0]))
    unet.load_state_dict(convert_ldm_unet_checkpoint(weights, dict(unet.config)))
    return unet.eval()


def read(name, *shape):
    return torch.from_numpy(numpy.fromfile(folder / f"{name}.f32", numpy.float32).reshape(shape))


torch.set_num_threads(task["threads"])
unet = demo_unet(sys.argv[1])
side = task["side"]
context = torch.cat([read(f"context-{which}", 1, task["tokens"], -1) for which in ("positive", "negative")])
pooled = torch.cat([read("pooled-positive", 1, -1), read("pooled-negative", 1, -1)])
spent = 0.0


def ask(sample, t):
    """One run of both sides, as diffusers' own pipelines do it; what is spent in it is not the sampler's."""
    global spent
    begun = time.process_time()
    sizes = torch.tensor([[8 * side, 8 * side, 0, 0, 8 * side, 8 * side]] * len(sample), dtype=torch.float32)
    more = {"text_embeds": pooled[: len(sample)], "time_ids": sizes}
    answer = unet(sample, t, encoder_hidden_states=context[: len(sample)], added_cond_kwargs=more, return_dict=False)[0]
    spent += time.process_time() - begun
    return answer


def walk(make, steps):
    scheduler = make()
    scheduler.set_timesteps(steps)
    x = torch.randn(1, 4, side, side) * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        both = scheduler.scale_model_input(torch.cat([x, x]), t)
        positive, negative = ask(both, t).chunk(2)
        x = scheduler.step(negative + task["guidance"] * (positive - negative), t, x, return_dict=False)[0]


with torch.no_grad():
    theirs = ask(read("sample", 1, 4, side, side), torch.tensor(task["timestep"]))
    ours = read("answer", 1, 4, side, side)
    found = {"difference": float((theirs - ours).abs().max() / ours.abs().max()), "samplers": {}}
    for name, make in schedulers.items():
        walk(make, 3)
        spent, begun = 0.0, time.process_time()
        walk(make, task["steps"])
        whole = time.process_time() - begun
        per_step = 1000 / task["steps"]
        found["samplers"][name] = {"own": (whole - spent) * per_step, "network": spent * per_step}
print(json.dumps(found))
