"""Whole images of the tiny checkpoint from prompt to pixels: transformers' text encoders, diffusers' UNet and VAE,
k-diffusion's samplers on torchsde's Brownian tree, and guidance.py's guidance. Writes test/golden/whole-image.json (the
recipes) and whole-image.safetensors (latents, and every second pixel both ways).

    python3 scripts/golden/whole_image.py

Needs what conditioning.py and sampling.py need. The first case is a default request's settings; the others take the
remaining samplers, the distilled modes' settings, LoRAs, guidance at its strongest, and the CPU's noise.
"""

import contextlib
import functools
import json

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import conditioning
import guidance
import loras
import networks
import sampling
import tiny
import tokenizer

FOLDER = networks.FOLDER
LATENT_SCALE = 0.13025

USUAL = {"cfg": 4, "sharpness": 2, "adaptiveCfg": 7, "admPositive": 1.5, "admNegative": 0.8, "admEnd": 0.3}
STRONG = {**USUAL, "cfg": 9, "sharpness": 30}
NONE = {"cfg": 1, "sharpness": 0, "adaptiveCfg": 1, "admPositive": 1, "admNegative": 1, "admEnd": 0}

# What is written, and the same as (text, weight) by hand.
POSITIVE = {
    "a (lighthouse:1.2) on a cliff, storm": [("a", 1.0), ("lighthouse", 1.2), ("on a cliff, storm", 1.0)],
    conditioning.LONG: [(conditioning.LONG, 1.0)],
    "soft evening light, wide view": [("soft evening light, wide view", 1.0)],
}
NEGATIVE = {
    "blurry, low detail": [("blurry, low detail", 1.0)],
    "text, (watermark:1.3), frame": [("text,", 1.0), ("watermark", 1.3), (", frame", 1.0)],
}
SGM, DIFFUSERS = "tiny-lora-sgm.safetensors", "tiny-lora-diffusers.safetensors"


# FreeU's numbers, strong enough to be seen in a tiny network.
FREEU = {"b1": 1.4, "b2": 1.3, "s1": 0.4, "s2": 0.6}
REFINER, SD1, SD1_SCALE = "tiny-refiner.safetensors", "tiny-sd1.safetensors", 0.18215


def refined(name, swap, at):
    return {"name": name, "swap": swap, "at": at}


def case(name, sampler, schedule, steps, seed, **changed):
    usual = {"loras": [], "size": {"width": 128, "height": 160}, "noise": "gpu", "guidance": USUAL, "clipSkip": 2}
    settings = {"sampler": sampler, "schedule": schedule, "steps": steps, "seed": str(seed)}
    texts = {"positive": {"texts": list(POSITIVE), "topK": 2}, "negative": {"texts": list(NEGATIVE), "topK": 2}}
    return {"name": name, **usual, **settings, **texts, **changed}


CASES = [
    case("a default request", "dpmpp_2m_sde_gpu", "karras", 30, 2**40 + 12345),
    case("lightning", "euler", "sgm_uniform", 4, 7, guidance=NONE, loras=[{"name": SGM, "weight": 1}]),
    case("lcm", "lcm", "lcm", 8, 2**63 - 1, guidance=NONE, loras=[{"name": DIFFUSERS, "weight": 0.8}]),
    case("hyper", "dpmpp_sde_gpu", "karras", 4, 99, guidance=NONE, noise="cpu"),
    case("the strongest guidance", "dpmpp_sde", "karras", 10, 5, guidance=STRONG),
    case("a table longer than its steps", "dpmpp_2m_sde_gpu", "ddim_uniform", 12, 3),
    case("joint", "euler", "karras", 8, 11, refiner=refined(REFINER, "joint", 4)),
    case("joint with a history", "dpmpp_2m_sde_gpu", "karras", 8, 12, refiner=refined(REFINER, "joint", 4)),
    case("joint, two calls a step", "heun", "normal", 5, 13, refiner=refined(REFINER, "joint", 2), freeU=FREEU),
    case("separate", "dpmpp_2m_sde_gpu", "karras", 8, 14, refiner=refined(REFINER, "separate", 5)),
    case("separate with fresh noise", "euler_ancestral", "normal", 6, 15, refiner=refined(REFINER, "separate", 3)),
    case("cut in two", "dpmpp_2m_sde_gpu", "karras", 8, 16, refiner=refined(None, "separate", 3), freeU=FREEU),
    case("over a clean latent", "dpmpp_2m_sde_gpu", "karras", 8, 17, refiner=refined(REFINER, "vae", 5)),
    case("over a clean latent, fresh noise", "euler_ancestral", "normal", 6, 18, noise="cpu", refiner=refined(None, "vae", 3)),
    case("stable diffusion 1.x", "dpmpp_2m_sde_gpu", "karras", 8, 19, refiner=refined(SD1, "joint", 5)),
    case("fresh noise", "euler_ancestral", "normal", 12, 2**32 + 1, noise="cpu", clipSkip=1),
]


def philox(seed, shape, draw=0):
    """torch.randn of a CUDA device: Philox4x32-10, one counter an element, sine half of Box-Muller."""
    count, low = int(np.prod(shape)), np.uint64(0xFFFFFFFF)
    c = [np.full(count, value, dtype=np.uint64) for value in (draw, 0, 0, 0)]
    c[2] = np.arange(count, dtype=np.uint64)
    key = [np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)]
    for _ in range(10):
        first, second = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(second >> 32) ^ c[1] ^ key[0], second & low, (first >> 32) ^ c[3] ^ key[1], first & low]
        key = [(key[0] + np.uint64(0x9E3779B9)) & low, (key[1] + np.uint64(0xBB67AE85)) & low]
    unit, angle = np.float32(2.3283064e-10), np.float32(2.3283064e-10 * 6.2831855)
    u = c[0].astype(np.float32) * unit + unit / 2
    v = c[1].astype(np.float32) * angle + angle / 2
    return torch.from_numpy(np.sqrt(-2 * np.log(u)) * np.sin(v)).reshape(shape)


@contextlib.contextmanager
def tree_noise(rule):
    """Lets torchsde's tree draw its nodes as a CUDA device would."""
    import torchsde._brownian.brownian_interval as interval

    plain = interval._randn
    if rule == "gpu":
        interval._randn = lambda size, dtype, device, seed: philox(int(seed), tuple(size))
    try:
        yield
    finally:
        interval._randn = plain


class Models:
    """The tiny checkpoint's networks with LoRAs folded into the weights."""

    def __init__(self, chosen):
        weights = {key: value.float() for key, value in tiny.checkpoint().items()}
        for lora in chosen:
            names = loras.SGM if lora["name"] == SGM else loras.DIFFUSERS
            weights = loras.fold(weights, names, load_file(FOLDER / lora["name"]), lora["weight"])
        self.text = {"l": networks.text_l_of(weights), "g": networks.text_g_of(weights)}
        self.unet, self.vae = networks.unet_of(weights), networks.vae_of(weights)
        refiner = {key: value.float() for key, value in tiny.refiner().items()}
        self.refiner = networks.unet_of(refiner, tiny.REFINER)
        sd1 = {key: value.float() for key, value in tiny.sd1().items()}
        self.sd1, self.sd1_vae = networks.unet_of(sd1, tiny.SD1), networks.vae_of(sd1)
        self.interposer = networks.Interposer(tiny.interposer())


# Those of the case that is drawn.
MODELS = []


def conditioned(side, written, models, encode, skip):
    parts = [conditioning.text_conditioning(written[text], encode, models.text, skip) for text in side["texts"]]
    return torch.cat([context for context, _ in parts], 1), sum(pooled for _, pooled in parts[: side["topK"]])


def denoiser(recipe, models, model, sides, refines=None):
    """The guided estimate, as a k-diffusion sampler calls it, of the base model or of the SDXL refiner."""
    width, height = recipe["size"]["width"], recipe["size"]["height"]
    g = recipe["guidance"]

    def branch(side, scale):
        context, pooled = sides[side]

        def refiner(x, t):
            score = 6.0 if side == "positive" else 2.5
            added = {"text_embeds": pooled, "time_ids": torch.tensor([[height, width, 0, 0, score]])}
            rows = context[..., -tiny.WIDTH_G :]
            return models.refiner(x, torch.tensor([float(t)]), rows, added_cond_kwargs=added).sample

        def sd1(x, t):
            norm = models.text["l"].text_model.final_layer_norm if hasattr(models.text["l"], "text_model") else models.text["l"].final_layer_norm
            return models.sd1(x, torch.tensor([float(t)]), norm(context[..., : tiny.WIDTH_L])).sample

        def network(x, t):
            sizes = torch.tensor([guidance.adm_numbers(height, width, scale, g["admEnd"], t)]).float()
            added = {"text_embeds": pooled, "time_ids": sizes}
            return models.unet(x, torch.tensor([float(t)]), context, added_cond_kwargs=added).sample

        return lambda x, sigma: model.denoised(x, sigma, {REFINER: refiner, SD1: sd1}[refines] if refines else network)

    positive, negative = branch("positive", g["admPositive"]), branch("negative", g["admNegative"])

    def call(x, sigma, **_):
        sigma = sigma[0]
        estimate = positive(x, sigma)
        if g["cfg"] == 1:
            return estimate
        t = model.timestep(sigma)
        return guidance.guide(x, estimate, negative(x, sigma), t, g["cfg"], g["sharpness"], g["adaptiveCfg"])

    return call


def sample_lcm(denoise, x, sigmas, noise_sampler=None, **_):
    """Latent consistency sampling, which k-diffusion lacks: the estimate, noised to the next level."""
    for sigma, following in zip(sigmas[:-1], sigmas[1:]):
        x = denoise(x, sigma * x.new_ones([x.shape[0]]))
        if following > 0:
            x = x + following * noise_sampler(sigma, following)
    return x


def sampled(recipe, call, model, refine=None, latent=0):
    """The clean latent; `refine` estimates for the model that takes over, else `call` does so itself."""
    k = sampling.k_sampling()
    seed, rule = int(recipe["seed"]), recipe["noise"]
    sigmas = guidance.plan(recipe["schedule"], model, recipe["steps"])
    shape = (1, 4, recipe["size"]["height"] // 8, recipe["size"]["width"] // 8)
    stream = torch.Generator().manual_seed(seed)
    # ddim_uniform starts below the highest level, and its noise is scaled as a partial run's.
    full = float(sigmas[0]) >= model.high * (1 - 1e-5)
    start = latent + torch.randn(shape, generator=stream) * ((1 + sigmas[0] ** 2).sqrt() if full else sigmas[0])
    draws = iter(range(1000))
    fresh = lambda *_: philox(seed, shape, next(draws)) if rule == "gpu" else torch.randn(shape, generator=stream)  # noqa: E731
    functions = {
        "euler": (k.sample_euler, None),
        "euler_ancestral": (k.sample_euler_ancestral, fresh),
        "heun": (k.sample_heun, None),
        "dpmpp_2m_sde_gpu": (k.sample_dpmpp_2m_sde, "tree"),
        "dpmpp_sde": (k.sample_dpmpp_sde, "tree"),
        "dpmpp_sde_gpu": (k.sample_dpmpp_sde, "tree"),
        "lcm": (sample_lcm, fresh),
    }
    function, noise = functions[recipe["sampler"]]
    with tree_noise(rule):
        if noise == "tree":
            uncut = guidance.uncut(recipe["schedule"], model, recipe["steps"])
            noise = k.BrownianTreeNoiseSampler(start, uncut[uncut > 0].min(), uncut.max(), seed=seed)
        extra = {} if noise is None else {"noise_sampler": noise}
        if "refiner" not in recipe:
            return function(call, start, sigmas, disable=True, **extra)
        return swapped(recipe, (call, refine), functools.partial(function, disable=True, **extra), (start, sigmas))


def swapped(recipe, calls, function, begin):
    """The swap methods of Fooocus, with tables that are as long as their steps."""
    (call, refine), (start, sigmas) = calls, begin
    at, swap = recipe["refiner"]["at"], recipe["refiner"]["swap"]
    sd1 = recipe["refiner"]["name"] == SD1
    if swap == "joint" and not sd1:
        asked = [call]

        def switch(step):
            if step["i"] == at:
                asked[0] = refine

        return function(lambda x, sigma, **more: asked[0](x, sigma, **more), start, sigmas, callback=switch)
    if swap == "separate":
        return function(refine, function(call, start, sigmas[: at + 1]), sigmas[at:])
    kept = []

    def keeping(x, sigma, **more):
        denoised = call(x, sigma, **more)
        kept[:] = [(x - denoised) / sigma.reshape(-1, 1, 1, 1)]
        return denoised

    clean = function(keeping, start, torch.cat([sigmas[:at], torch.zeros(1)]))
    stream = torch.Generator().manual_seed(int(recipe["seed"]) + 1)
    noise = torch.randn(start.shape, generator=stream)
    noise = noise + kept[0].mean(1, keepdim=True) - noise.mean(1, keepdim=True)
    if recipe["sampler"] == "euler_ancestral":  # fresh noise goes on with the new seed
        assert recipe["noise"] == "cpu"
        function = functools.partial(function, noise_sampler=lambda *_: torch.randn(start.shape, generator=stream))
    if sd1:
        clean = MODELS[0].interposer(clean / LATENT_SCALE) * SD1_SCALE
    sigmas = sigmas[at:] * 1.4
    high = 14.614641189575195
    scale = (1 + sigmas[0] ** 2).sqrt() if float(sigmas[0]) >= high * (1 - 1e-5) else sigmas[0]
    return function(refine, clean + noise * scale, sigmas)


@torch.no_grad()
def main():
    encode = tokenizer.clip()
    out = {}
    for recipe in CASES:
        MODELS[:] = [models := Models(recipe["loras"])]
        model = guidance.Discrete(20, "lcm") if recipe["schedule"] == "lcm" else guidance.Discrete()
        sides = {
            side: conditioned(recipe[side], written, models, encode, recipe["clipSkip"])
            for side, written in (("positive", POSITIVE), ("negative", NEGATIVE))
        }
        own = denoiser(recipe, models, model, sides)
        other = recipe.get("refiner", {}).get("name") and denoiser(recipe, models, model, sides, refines=recipe["refiner"]["name"])
        with networks.freeu(models.unet, recipe.get("freeU")):
            latent = sampled(recipe, own, model, other or own)
        sd1 = recipe.get("refiner", {}).get("name") == SD1
        latent = latent / (SD1_SCALE if sd1 else LATENT_SCALE)
        picture = (((models.sd1_vae if sd1 else models.vae).decode(latent).sample / 2 + 0.5) * 255).clamp(0, 255).to(torch.uint8)
        out[f"{recipe['name']}.latent"] = latent
        out[f"{recipe['name']}.picture"] = picture[0].permute(1, 2, 0)[::2, ::2].contiguous()
        print(recipe["name"], latent.std().item(), picture.float().mean().item(), picture.float().std().item())
    (FOLDER / "whole-image.json").write_text(json.dumps(CASES, indent=1) + "\n")
    save_file(out, FOLDER / "whole-image.safetensors")


if __name__ == "__main__":
    main()
