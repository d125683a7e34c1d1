"""Golden tensors of noise, the Brownian tree and the samplers, from torch, torchsde and k-diffusion.

    pip install torch==2.13.0 scipy && pip install --no-deps k-diffusion torchsde torchdiffeq trampoline
    python3 scripts/golden/sampling.py

k-diffusion's training half wants packages that its samplers do not use; they are stood in for by empty modules.
"""

import importlib
import os
import site
import sys
import types
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
    package = types.ModuleType("k_diffusion")
    package.__path__ = [str(folder)]
    utils = types.ModuleType("k_diffusion.utils")
    utils.append_dims = lambda x, n: x[(...,) + (None,) * (n - x.ndim)]
    package.utils = utils
    sys.modules.update({"k_diffusion": package, "k_diffusion.utils": utils})
    return importlib.import_module("k_diffusion.sampling")


def toy_denoiser(mix):
    """A smooth stand-in for a network: D = (x + tanh(W x) * gain(sigma)) / (1 + sigma^2)^0.5."""

    def denoise(x, sigma, **_):
        s = sigma.reshape(-1, 1, 1, 1)
        mixed = torch.tanh(torch.einsum("oc,nchw->nohw", mix, x / (1 + s**2).sqrt()))
        return 0.3 * x / (1 + s**2) + mixed * 0.8

    return denoise


def sample_lcm(denoise, x, sigmas, noise_sampler=None, **_):
    """Latent consistency sampling, which k-diffusion lacks: the estimate, noised to the next level."""
    for sigma, following in zip(sigmas[:-1], sigmas[1:]):
        x = denoise(x, sigma * x.new_ones([x.shape[0]]))
        if following > 0:
            x = x + following * noise_sampler(sigma, following)
    return x


def karras(n, low=0.0291671585, high=14.6146411896):
    ramp = torch.linspace(0, 1, n, dtype=torch.float64)
    sigmas = (high ** (1 / 7) + ramp * (low ** (1 / 7) - high ** (1 / 7))) ** 7
    return torch.cat([sigmas, torch.zeros(1, dtype=torch.float64)])


def asked_levels(k, n):
    """Where dpmpp_sde asks network and Brownian path in float32, as it goes: a call as (sigma, 0), a query as (from, to)."""
    asked = []

    def call(x, sigma, **_):
        asked.append((float(sigma[0]), 0.0))
        return x * 0.5

    def query(a, b):
        asked.append((float(a), float(b)))
        return torch.zeros(SIZE)

    k.sample_dpmpp_sde(call, torch.ones(SIZE), k.get_sigmas_karras(n, *ENDS), disable=True, noise_sampler=query)
    return torch.tensor(asked)


def main():
    out = {}
    for seed in (0, 1, 2**32 + 1, 2**63 - 1):
        for shape in ((1, 4, 16, 16), (1, 4, 5, 7)):
            torch.manual_seed(seed)
            out[f"randn.{seed}.{shape[2]}x{shape[3]}"] = torch.randn(shape)

    import torchsde

    low, high, seed = 0.0291671585, 14.6146411896, 12345
    tree = torchsde.BrownianTree(t0=low, w0=torch.zeros(SIZE), t1=high, entropy=seed, tol=1e-6, pool_size=24)
    table = karras(10)
    queries = [(float(a), float(b)) for a, b in zip(table[1:-1], table[:-2])]
    out["tree.queries"] = torch.tensor(queries, dtype=torch.float64)
    for i, (a, b) in enumerate(queries):
        out[f"tree.{i}"] = tree(a, b)

    k = k_sampling()
    for n in (4, 10, 30):
        out[f"asked.{n}"] = asked_levels(k, n)
    generator = torch.Generator().manual_seed(3)
    mix = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    out["toy.mix"] = mix
    noises = torch.randn(64, *SIZE, generator=generator, dtype=torch.float64)
    start = torch.randn(SIZE, generator=generator, dtype=torch.float64) * 14.6
    out["toy.start"], out["toy.noises"] = start, noises.float()
    noises = noises.float().double()
    for n in (4, 12):
        sigmas = karras(n)
        out[f"toy.sigmas.{n}"] = sigmas
        for name, function in {
            "euler": k.sample_euler,
            "euler_ancestral": k.sample_euler_ancestral,
            "dpmpp_2m_sde": k.sample_dpmpp_2m_sde,
            "dpmpp_sde": k.sample_dpmpp_sde,
            "lcm": sample_lcm,
        }.items():
            draws = iter(noises)
            extra = {} if name == "euler" else {"noise_sampler": lambda a, b: next(draws)}
            out[f"toy.{name}.{n}"] = function(toy_denoiser(mix), start, sigmas, disable=True, **extra)
    save_file({key: value.contiguous() for key, value in out.items()}, TARGET)


if __name__ == "__main__":
    main()
