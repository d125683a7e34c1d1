"""Whole images of the tiny checkpoint with every mark that says what a network predicts, and under the schedules that say
so themselves or have levels of their own: whole_image.py's pipeline with the parameterisations of guidance.py and CosXL's.
Writes test/golden/prediction-kinds.json (the recipes, and the marks of each file) and prediction-kinds.safetensors.

    python3 scripts/golden/prediction_kinds.py

Needs what whole_image.py needs.
"""

import json
import math

import torch
from safetensors.torch import save_file

import guidance
import sampling
import tokenizer
import whole_image
from whole_image import NEGATIVE, NONE, POSITIVE, FOLDER, LATENT_SCALE

SMALL = {"size": {"width": 64, "height": 80}}


def case(name, marks, sampler, schedule, steps, seed, **changed):
    made = whole_image.case(name, sampler, schedule, steps, seed, **{**SMALL, "noise": "cpu", **changed})
    made["positive"] = {"texts": list(POSITIVE)[:1], "topK": 1}
    made["negative"] = {"texts": list(NEGATIVE)[:1], "topK": 1}
    return {**made, "marks": marks}


CASES = [
    case("v", ["v_pred"], "dpmpp_2m_sde_gpu", "karras", 30, 11),
    case("v to zero terminal SNR", ["v_pred", "ztsnr"], "euler_ancestral", "sgm_uniform", 30, 12),
    case("noise to zero terminal SNR", ["ztsnr"], "euler", "normal", 30, 13),
    case("Playground 2.5 by its marks", ["edm_mean", "edm_std"], "dpmpp_2m_sde_gpu", "karras", 30, 14),
    case("Playground 2.5 by its schedule", [], "euler", "edm_playground_v2.5", 30, 15),
    case("CosXL", ["edm_vpred.sigma_max", "edm_vpred.sigma_min"], "dpmpp_2m_sde_gpu", "exponential", 30, 16),
    case("lcm", [], "lcm", "lcm", 8, 17, guidance=NONE),
    case("tcd", [], "tcd", "tcd", 8, 18, guidance=NONE),
    case("turbo", [], "euler_ancestral", "turbo", 4, 19, guidance=NONE),
    case("turbo, asked for more than it can", [], "euler", "turbo", 12, 20),
    case("align your steps", [], "dpmpp_2m_sde_gpu", "align_your_steps", 10, 21),
    case("align your steps, interpolated", [], "euler", "align_your_steps", 30, 22),
]


class CosXL(guidance.Continuous):
    """v at EDM's levels with unit deviation of the data; latents are SDXL's."""

    def denoised(self, x, sigma, network):
        variance = sigma**2 + 1
        return x / variance - network(x / variance**0.5, self.timestep(sigma)) * sigma / variance**0.5


def parameterisation(recipe):
    marks = recipe["marks"]
    if recipe["schedule"] in ("lcm", "tcd"):
        return guidance.Discrete(20, "lcm" if recipe["schedule"] == "lcm" else "eps")
    if recipe["schedule"].startswith("edm") or "edm_mean" in marks:
        return guidance.Continuous()
    if "edm_vpred.sigma_max" in marks:
        return CosXL()
    return guidance.Discrete(1, "v" if "v_pred" in marks else "eps", "ztsnr" in marks)


def sample_tcd(model):
    """Strategic stochastic sampling (Zheng et al. 2024, algorithm 4) with gamma 0.3, which k-diffusion lacks."""
    alpha_bars = 1 / (1 + guidance.Discrete().sigmas ** 2)

    def sample(denoise, x, sigmas, noise_sampler=None, **_):
        for i, (sigma, following) in enumerate(zip(sigmas[:-1], sigmas[1:])):
            clean = denoise(x, sigma * x.new_ones([x.shape[0]]))
            last = i + 2 == len(sigmas)
            alpha = alpha_bars[0 if last else math.floor(0.7 * model.timestep(following))]
            x = alpha.sqrt() * clean + (1 - alpha).sqrt() * (x - clean) / sigma
            if not last:
                variance = (1 + following**2 - 1 / alpha).clamp(min=0)
                x = x / alpha.sqrt() + variance.sqrt() * noise_sampler(sigma, following)
        return x

    return sample


def is_playground(model):
    return isinstance(model, guidance.Continuous) and not isinstance(model, CosXL)


def vae_latent(model, x):
    if is_playground(model):
        means, deviations = (torch.tensor(values).view(1, 4, 1, 1) for values in (guidance.MEANS, guidance.DEVIATIONS))
        return x * deviations / 0.5 + means
    return x / LATENT_SCALE


def sampled(recipe, call, model):
    """whole_image's, and one sampler more."""
    if recipe["sampler"] != "tcd":
        # An empty latent is zeros in the VAE's space, as in the reference, and these are none in Playground's.
        empty = guidance.playground_latent(torch.zeros(1, 4, 1, 1)) if is_playground(model) else 0
        return whole_image.sampled(recipe, call, model, latent=empty)
    stream = torch.Generator().manual_seed(int(recipe["seed"]))
    sigmas = guidance.plan(recipe["schedule"], model, recipe["steps"])
    shape = (1, 4, recipe["size"]["height"] // 8, recipe["size"]["width"] // 8)
    start = torch.randn(shape, generator=stream) * (1 + sigmas[0] ** 2).sqrt()
    return sample_tcd(model)(call, start, sigmas, noise_sampler=lambda *_: torch.randn(shape, generator=stream))


@torch.no_grad()
def main():
    sampling.k_sampling()
    encode = tokenizer.clip()
    models, out = whole_image.Models([]), {}
    for recipe in CASES:
        model = parameterisation(recipe)
        sides = {
            side: whole_image.conditioned(recipe[side], written, models, encode, recipe["clipSkip"])
            for side, written in (("positive", POSITIVE), ("negative", NEGATIVE))
        }
        latent = vae_latent(model, sampled(recipe, whole_image.denoiser(recipe, models, model, sides), model))
        picture = ((models.vae.decode(latent).sample / 2 + 0.5) * 255).clamp(0, 255).to(torch.uint8)
        out[f"{recipe['name']}.latent"] = latent
        out[f"{recipe['name']}.picture"] = picture[0].permute(1, 2, 0)[::2, ::2].contiguous()
        print(recipe["name"], latent.std().item(), picture.float().mean().item(), picture.float().std().item(), flush=True)
    (FOLDER / "prediction-kinds.json").write_text(json.dumps(CASES, indent=1) + "\n")
    save_file(out, FOLDER / "prediction-kinds.safetensors")


if __name__ == "__main__":
    main()
