"""Golden tensors of noise, the Brownian tree and the samplers, from torch, torchsde and k-diffusion; the samplers that
k-diffusion lacks from Fooocus' own modules, run from a checkout of lllyasviel/Fooocus at 59f183a.

    pip install torch==2.13.0 scipy && pip install --no-deps k-diffusion torchsde torchdiffeq trampoline
    python3 scripts/golden/sampling.py PATH_OF_FOOOCUS

k-diffusion's training half wants packages that its samplers do not use; they are stood in for by empty modules.
"""

import importlib
import os
import site
import sys
import types
import warnings
from pathlib import Path

# torch's log and exp are MKL's, which round by processor. This asks for the general code everywhere; AMD's have no other.
os.environ["MKL_CBWR"] = "COMPATIBLE"

import torch
from safetensors.torch import save_file

TARGET = Path(__file__).parents[2] / "test" / "golden" / "sampling.safetensors"
SIZE = (1, 4, 8, 8)
ENDS = (0.029167158529162407, 14.614641189575195)  # SDXL's lowest and highest level, in float32


def k_sampling():
    folder = next(p for d in site.getsitepackages() if (p := Path(d) / "k_diffusion").exists())
    return sampling_module("k_diffusion", folder)


def sampling_module(name, folder):
    """k-diffusion's module of samplers, or one made after it, without the rest of its package."""
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    utils = types.ModuleType(f"{name}.utils")
    utils.append_dims = lambda x, n: x[(...,) + (None,) * (n - x.ndim)]
    package.utils = utils
    sys.modules.update({name: package, f"{name}.utils": utils})
    return importlib.import_module(f"{name}.sampling")


def toy_denoiser(mix):
    """A smooth stand-in for a network: D = (x + tanh(W x) * gain(sigma)) / (1 + sigma^2)^0.5."""

    def denoise(x, sigma, **_):
        s = sigma.reshape(-1, 1, 1, 1)
        mixed = torch.tanh(torch.einsum("oc,nchw->nohw", mix, x / (1 + s**2).sqrt()))
        return 0.3 * x / (1 + s**2) + mixed * 0.8

    return denoise


def reference_samplers(fooocus):
    """tcd on its own schedule, and all samplers by their name in requests: functions of a denoiser, x, sigmas, noise, a callback."""
    k = k_sampling()
    theirs = sampling_module("fooocus_sampling", Path(fooocus) / "ldm_patched" / "k_diffusion")
    sys.path.append(str(Path(fooocus) / "ldm_patched" / "unipc"))
    uni_pc = importlib.import_module("uni_pc")
    convert = uni_pc.SigmaConvert()
    # Levels are float32 in the reference, where 1 - alpha² of a low one has few digits left; the rest is in the run's own type.
    for name in ("marginal_alpha", "marginal_std", "marginal_lambda"):
        exact = getattr(convert, name)
        setattr(uni_pc.SigmaConvert, name, lambda self, t, exact=exact: exact(t.float()).to(t.dtype))

    def plain(function):
        return lambda call, x, sigmas, noise, told: function(call, x, sigmas, callback=told, disable=True)

    def noisy(function):
        return lambda call, x, sigmas, noise, told: function(call, x, sigmas, {}, told, True, noise_sampler=noise)

    def between(function, *steps):
        def run(call, x, sigmas, noise, told):
            ends = sigmas[sigmas > 0].min(), sigmas[0]
            count = [len(sigmas) - 1] if steps else []
            with warnings.catch_warnings(action="ignore"):  # of a tensor made of a tensor
                return function(call, x, *ends, *count, callback=told, disable=True, noise_sampler=lambda *_: 0.0)

        return run

    def unified(variant):
        def run(call, x, sigmas, noise, told):
            scaled = x * convert.marginal_alpha(sigmas[0])
            count = lambda index, *_: told(index)  # noqa: E731
            return uni_pc.sample_unipc(call, scaled, None, sigmas.clone(), True, {}, count, True, variant=variant)

        return run

    def trajectory(stride):
        return lambda call, x, sigmas, noise, told: tcd(stride, call, x, sigmas, noise, told)

    def tcd(stride, call, x, sigmas, noise, told):
        import guidance

        table = guidance.Discrete(stride)
        timesteps = lambda levels: torch.tensor([table.timestep(level) for level in levels])  # noqa: E731
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        own = types.SimpleNamespace(timestep=timesteps, alphas_cumprod=torch.cumprod(1 - betas, 0).float())

        class Model:
            inner_model = types.SimpleNamespace(inner_model=types.SimpleNamespace(model_sampling=own))
            __call__ = staticmethod(call)

        # At the lowest level the root is of 0 but for rounding; below it the reference has no numbers, and ours no noise.
        root = torch.Tensor.sqrt
        torch.Tensor.sqrt = lambda value: root(value.clamp(min=0))
        try:
            return theirs.sample_tcd(Model(), x, sigmas, {}, told, True, noise)
        finally:
            torch.Tensor.sqrt = root

    def restart(call, x, sigmas, noise, told):
        drawn = torch.randn_like
        torch.randn_like = lambda *_: noise(0, 0)
        try:
            return theirs.sample_restart(call, x, sigmas, {}, told, True)
        finally:
            torch.randn_like = drawn

    return trajectory(20), {
        "euler": plain(k.sample_euler),
        "euler_ancestral": noisy(k.sample_euler_ancestral),
        "heun": plain(k.sample_heun),
        "heunpp2": plain(theirs.sample_heunpp2),
        "dpm_2": plain(k.sample_dpm_2),
        "dpm_2_ancestral": noisy(k.sample_dpm_2_ancestral),
        "lms": plain(k.sample_lms),
        "dpm_fast": between(k.sample_dpm_fast, True),
        "dpm_adaptive": between(k.sample_dpm_adaptive),
        "dpmpp_2s_ancestral": noisy(k.sample_dpmpp_2s_ancestral),
        "dpmpp_sde": noisy(k.sample_dpmpp_sde),
        "dpmpp_sde_gpu": noisy(theirs.sample_dpmpp_sde_gpu),
        "dpmpp_2m": plain(k.sample_dpmpp_2m),
        "dpmpp_2m_sde": noisy(k.sample_dpmpp_2m_sde),
        "dpmpp_2m_sde_gpu": noisy(theirs.sample_dpmpp_2m_sde_gpu),
        "dpmpp_3m_sde": noisy(k.sample_dpmpp_3m_sde),
        "dpmpp_3m_sde_gpu": noisy(theirs.sample_dpmpp_3m_sde_gpu),
        "ddpm": noisy(theirs.sample_ddpm),
        "lcm": noisy(theirs.sample_lcm),
        "tcd": trajectory(1),
        "restart": restart,
        "ddim": plain(theirs.sample_euler),
        "uni_pc": unified("bh1"),
        "uni_pc_bh2": unified("bh2"),
    }


def karras(n, low=0.0291671585, high=14.6146411896):
    ramp = torch.linspace(0, 1, n, dtype=torch.float64)
    sigmas = (high ** (1 / 7) + ramp * (low ** (1 / 7) - high ** (1 / 7))) ** 7
    return torch.cat([sigmas, torch.zeros(1, dtype=torch.float64)])


def asked_levels(sample, n, queries):
    """Where a sampler asks the network and the Brownian path in float32, as it goes: a call as (sigma, 0), a query as (from, to)."""
    asked = []

    def call(x, sigma, **_):
        asked.append((float(sigma.flatten()[0]), 0.0))
        return x * 0.5

    def noise(a, b):
        if queries:
            asked.append((float(a), float(b)))
        return torch.zeros(SIZE)

    sample(call, torch.ones(SIZE), k_sampling().get_sigmas_karras(n, *ENDS), noise, lambda *_: None)
    return torch.tensor(asked)


def main():
    out = {}
    for seed in (0, 1, 2**32 + 1, 2**63 - 1):
        for shape in ((1, 4, 16, 16), (1, 4, 5, 7)):
            torch.manual_seed(seed)
            out[f"randn.{seed}.{shape[2]}x{shape[3]}"] = torch.randn(shape)

    import guidance  # which imports this
    import torchsde

    low, high, seed = 0.0291671585, 14.6146411896, 12345
    tree = torchsde.BrownianTree(t0=low, w0=torch.zeros(SIZE), t1=high, entropy=seed, tol=1e-6, pool_size=24)
    table = karras(10)
    queries = [(float(a), float(b)) for a, b in zip(table[1:-1], table[:-2])]
    out["tree.queries"] = torch.tensor(queries, dtype=torch.float64)
    for i, (a, b) in enumerate(queries):
        out[f"tree.{i}"] = tree(a, b)

    distilled_tcd, samplers = reference_samplers(sys.argv[1])
    for n in (4, 10, 30):
        out[f"asked.dpmpp_sde.{n}"] = asked_levels(samplers["dpmpp_sde"], n, True)
    for name in ("dpm_2", "dpm_2_ancestral", "dpm_fast", "dpmpp_2s_ancestral", "uni_pc"):
        for n in (10, 30):
            out[f"asked.{name}.{n}"] = asked_levels(samplers[name], n, False)
    generator = torch.Generator().manual_seed(3)
    mix = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    out["toy.mix"] = mix
    noises = torch.randn(64, *SIZE, generator=generator, dtype=torch.float64)
    start = torch.randn(SIZE, generator=generator, dtype=torch.float64) * 14.6
    out["toy.start"], out["toy.noises"] = start.float(), noises.float()
    noises = noises.float().double()
    for n in (4, 12, 24, 40):
        sigmas = out[f"toy.sigmas.{n}"] = karras(n)
        # From 20 steps on, and again from 36, one of them does something else.
        for name in samplers if n < 20 else ["restart"]:
            draws, steps = iter(noises), []
            walked = samplers[name](toy_denoiser(mix), start, sigmas, lambda *_: next(draws), lambda *_: steps.append(1))
            out[f"toy.{name}.{n}"] = walked.float()
            out[f"told.{name}.{n}"] = torch.tensor([len(steps)])
    draws = iter(noises)
    levels = out["distilled.sigmas"] = guidance.plan("tcd", guidance.Discrete(20), 8)
    out["distilled.tcd.8"] = distilled_tcd(
        toy_denoiser(mix), start, levels.double(), lambda *_: next(draws), lambda *_: None
    ).float()
    k = k_sampling()
    for name in ("dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde"):
        table = k.get_sigmas_karras(12, *ENDS)
        path = k.BrownianTreeNoiseSampler(start.float(), table[table > 0].min(), table.max(), seed=seed)
        out[f"tree.{name}.12"] = samplers[name](toy_denoiser(mix.float()), start.float(), table, path, lambda *_: None)
    save_file({key: value.contiguous() for key, value in out.items()}, TARGET)


if __name__ == "__main__":
    main()
