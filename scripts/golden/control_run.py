"""A whole run of the tiny checkpoint that two ControlNets guide, to the latent: a Control-LoRA, built on the base model with its
LoRA, up to half of the progress, and a whole one to the end. Writes test/golden/control-run.json and control-run.safetensors.

    python3 scripts/golden/control_run.py

Needs what whole_image.py needs; the files are those that control.py writes.
"""

import json

import torch
from safetensors.torch import save_file

import control
import guidance
import tiny
import tokenizer
import whole_image

SOFTNESS = 0.25
USES = [{"kind": "canny", "weight": 1.0, "stop": 0.5}, {"kind": "cpds", "weight": 0.7, "stop": 1}]
CASE = whole_image.case(
    "two controls", "dpmpp_2m_sde_gpu", "karras", 30, 2**40 + 12345, loras=[{"name": whole_image.SGM, "weight": 1}]
)
# The timestep of half of the progress: 499.5.
HALF = 499.5


class Guided:
    """The UNet with what ControlNets answer to the same inputs, decided in each call."""

    def __init__(self, unet, nets, hints):
        self.unet, self.nets, self.hints = unet, nets, hints

    def __call__(self, x, t, context, added_cond_kwargs):
        sums = [0.0] * 10
        for use, net, hint in zip(USES, self.nets, self.hints):
            if use["stop"] < 1 and float(t) < HALF:
                continue
            down, middle = net(x, t, context, hint, added_cond_kwargs=added_cond_kwargs, return_dict=False)
            for i, residual in enumerate([*down, middle]):
                sums[i] = sums[i] + residual * (1 - SOFTNESS * (1 - i / 9)) * use["weight"]
        return self.unet(
            x,
            t,
            context,
            added_cond_kwargs=added_cond_kwargs,
            down_block_additional_residuals=sums[:9],
            mid_block_additional_residual=sums[9],
        )


def picture(seed):
    """Lines and flat parts, as edges and structures have them; control-run.test.ts draws them again."""
    y, x = torch.meshgrid(torch.arange(160), torch.arange(128), indexing="ij")
    value = ((x * (3 + seed) // 7 + y * (2 + seed) // 5) % 64 < 12).float() * 255
    return value.to(torch.uint8)[..., None].repeat(1, 1, 3)


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    models = whole_image.Models(CASE["loras"])
    base = {key: value.float() for key, value in tiny.checkpoint().items()}
    file = whole_image.load_file(whole_image.FOLDER / whole_image.SGM)
    changed = whole_image.loras.fold(base, whole_image.loras.SGM, file, 1)
    lora = control.control_lora(tiny.checkpoint())
    nets = [
        control.model_of(control.merged(lora, control.encoder_of(changed))),
        control.model_of(control.control_ldm()),
    ]
    pictures = [picture(seed) for seed in (1, 4)]
    hints = [one.permute(2, 0, 1)[None].float() / 255 for one in pictures]
    models.unet = Guided(models.unet, nets, hints)
    sides = {
        side: whole_image.conditioned(CASE[side], written, models, tokenizer.clip(), CASE["clipSkip"])
        for side, written in (("positive", whole_image.POSITIVE), ("negative", whole_image.NEGATIVE))
    }
    model = guidance.Discrete()
    latent = whole_image.sampled(CASE, whole_image.denoiser(CASE, models, model, sides), model)
    made = {"latent": latent / whole_image.LATENT_SCALE}
    (whole_image.FOLDER / "control-run.json").write_text(
        json.dumps({**CASE, "controls": {"softness": SOFTNESS, "uses": USES}}, indent=1) + "\n"
    )
    save_file({key: value.contiguous() for key, value in made.items()}, whole_image.FOLDER / "control-run.safetensors")
    print(latent.std().item())


main()
