"""What a step computes around the network, written a second time in torch from the pipeline's formulas: SDXL's noise
levels, parameterisations, schedules, the bilateral filter, guidance, the ADM vector. Writes test/golden/guidance.safetensors.

    pip install torch==2.13.0 scipy && pip install --no-deps k-diffusion torchsde torchdiffeq trampoline
    python3 scripts/golden/guidance.py

whole_image.py drives a whole image with the same functions.
"""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import sampling

TARGET = Path(__file__).resolve().parents[2] / "test" / "golden" / "guidance.safetensors"


class Discrete:
    """SDXL's table of noise levels; `stride` 20 keeps the fifty levels of consistency-distilled models, `zero` rescales it
    to zero terminal SNR (Lin et al. 2023, algorithm 1). `prediction` is eps, v or lcm."""

    def __init__(self, stride=1, prediction="eps", zero=False):
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        alphas = torch.cumprod(1 - betas, 0)
        self.sigmas = ((1 - alphas) / alphas).sqrt().float()[stride - 1 :: stride]
        if zero:
            # torch's float32 root is MKL's too, off by a last bit on some processors only; through float64 it is exact.
            root = lambda x: x.double().sqrt().float()  # noqa: E731
            roots = root(1 / (self.sigmas * self.sigmas + 1))
            first, last = roots[0], roots[-1]
            alphas = ((roots - last) * (first / (first - last))) ** 2
            alphas[-1] = 4.8973451890853435e-08
            self.sigmas = root((1 - alphas) / alphas)
        self.logs, self.stride, self.prediction = self.sigmas.log(), stride, prediction
        self.low, self.high = float(self.sigmas[0]), float(self.sigmas[-1])

    def timestep(self, sigma):
        """The nearest entry. For a sigma half-way this goes by the last bit of `log` (see sampling.py)."""
        nearest = (torch.as_tensor(sigma).log() - self.logs).abs().argmin().item()
        return nearest * self.stride + self.stride - 1

    def sigma(self, timestep):
        at = ((timestep - (self.stride - 1)) / self.stride).clamp(0, len(self.logs) - 1)
        low, high, part = at.floor().long(), at.ceil().long(), at.frac()
        return ((1 - part) * self.logs[low] + part * self.logs[high]).exp()

    def denoised(self, x, sigma, network):
        """The estimate of the clean latent; `network` takes the scaled latent and a timestep."""
        t = self.timestep(sigma)
        output = network(x / (sigma**2 + 1) ** 0.5, t)
        if self.prediction == "v":
            return x / (sigma**2 + 1) - output * sigma / (sigma**2 + 1) ** 0.5
        plain = x - output * sigma
        if self.prediction == "eps":
            return plain
        q = 10.0 * t
        return plain * (q / (q**2 + 0.25) ** 0.5) + x * (0.25 / (q**2 + 0.25))


class Continuous:
    """EDM's levels and preconditioning (Karras et al. 2022) as Playground 2.5 was trained: sigma_data 0.5."""

    def __init__(self, low=0.002, high=120.0):
        self.sigmas = torch.linspace(math.log(low), math.log(high), 1000).exp()
        self.low, self.high = float(self.sigmas[0]), float(self.sigmas[-1])

    def timestep(self, sigma):
        return 0.25 * torch.as_tensor(sigma).log().item()

    def denoised(self, x, sigma, network):
        variance = sigma**2 + 0.25
        output = network(x / variance**0.5, self.timestep(sigma))
        return x * 0.25 / variance + output * sigma * 0.5 / variance**0.5


MEANS, DEVIATIONS = (-1.6574, 1.886, -1.383, 2.5155), (8.4927, 5.9022, 6.5498, 5.2299)


def playground_latent(z):
    """VAE space to sampler space of Playground 2.5."""
    means, deviations = (torch.tensor(values).view(1, 4, 1, 1) for values in (MEANS, DEVIATIONS))
    return (z - means) * 0.5 / deviations


def schedule(name, model, n):
    """A schedule's noise levels for n steps, without the final 0."""
    start, end = float(model.timestep(model.sigmas[-1])), float(model.timestep(model.sigmas[0]))
    if name == "normal":
        return model.sigma(torch.linspace(start, end, n))
    if name in ("sgm_uniform", "lcm", "tcd"):
        return model.sigma(torch.linspace(start, end, n + 1)[:-1])
    if name == "simple":
        return torch.stack([model.sigmas[-(1 + int(i * (len(model.sigmas) / n)))] for i in range(n)])
    if name == "ddim_uniform":
        return model.sigmas[1 :: max(1, len(model.sigmas) // n)].flip(0)
    if name == "turbo":
        return model.sigma(torch.arange(999.0, 0, -100)[:n])
    if name in ("karras", "edm_playground_v2.5"):
        return sampling.k_sampling().get_sigmas_karras(n, model.low, model.high)[:-1]
    if name == "exponential":
        return sampling.k_sampling().get_sigmas_exponential(n, model.low, model.high)[:-1]
    assert name == "align_your_steps"
    levels = [14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289]
    levels += [0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582]
    logs = np.interp(np.linspace(0, 1, n + 1), np.linspace(0, 1, 11), np.log(levels[::-1]))
    return torch.tensor(np.exp(logs)[::-1].copy()).float()[:-1]


def plan(name, model, steps, denoise=1.0):
    """The table a run walks down: partial runs keep the end of a longer one, and no table is longer than asked for."""
    full = uncut(name, model, steps, denoise)
    return full if len(full) <= steps + 1 else torch.cat([full[:steps], torch.zeros(1)])


def uncut(name, model, steps, denoise=1.0):
    """The table before it is cut to the number of steps; its ends are those of the Brownian path."""
    full = torch.cat([schedule(name, model, steps if denoise > 0.9999 else int(steps / denoise)), torch.zeros(1)])
    return full if denoise > 0.9999 else full[-(steps + 1) :]


def bilateral(values, guide, radius=6, space=3.0, colour=3.0):
    """Joint bilateral filter: every tap at once."""
    channels, height, width = values.shape[1:]
    deviation, mean = torch.std_mean(guide, dim=(1, 2, 3), keepdim=True)
    normal = (guide - mean) / (deviation + 1e-5)

    def taps(x):
        padded = F.pad(x, [radius] * 4, mode="reflect")
        return F.unfold(padded, 2 * radius + 1).reshape(channels, -1, height, width)

    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = (-(offsets**2) / (2 * space**2)).exp()
    kernel = torch.outer(kernel / kernel.sum(), kernel / kernel.sum()).reshape(-1, 1, 1)
    distance = (taps(normal) - normal[0][:, None]).abs().sum(0) ** 2
    weights = kernel * (-distance / (2 * colour**2)).exp()
    return ((taps(values) * weights).sum(1) / weights.sum(0))[None]


def guide(x, positive, negative, timestep, cfg, sharpness, adaptive):
    """Guidance from both estimates of one call."""
    progress = 1 - timestep / 999
    plus, minus = x - positive, x - negative
    alpha = 0.001 * sharpness * progress
    plus = alpha * bilateral(plus, positive) + (1 - alpha) * plus
    residual = minus + cfg * (plus - minus)
    if cfg > adaptive:
        residual = progress * residual + (1 - progress) * (minus + adaptive * (plus - minus))
    return x - residual


def adm_numbers(height, width, scale, end, timestep):
    """Height and width as the network is told them: the original, the crop's corner, the target."""
    target = [round(height / 64) * 64, round(width / 64) * 64]  # Python rounds halves to even
    original = [int(height * scale), int(width * scale)] if timestep > 999 * (1 - end) else target
    return [*original, 0, 0, *target]


def sinusoids(numbers, channels=256):
    frequencies = (-math.log(10000) * torch.arange(channels // 2, dtype=torch.float32) / (channels // 2)).exp()
    angles = torch.tensor(numbers, dtype=torch.float32)[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], 1).flatten()


def main():
    generator = torch.Generator().manual_seed(5)
    draw = lambda *shape: torch.randn(shape, generator=generator)  # noqa: E731
    out = {}
    models = {"eps": Discrete(), "v": Discrete(prediction="v"), "lcm": Discrete(20, "lcm")}
    models |= {"tcd": Discrete(20), "edm_playground_v2.5": Continuous()}
    plain = "normal sgm_uniform simple ddim_uniform turbo karras exponential align_your_steps".split()
    for name in [*plain, "lcm", "tcd", "edm_playground_v2.5"]:
        for steps in (1, 4, 8, 20, 30):
            for denoise in (1.0, 0.85, 0.5, 0.382):
                model = models["eps" if name in plain else name]
                out[f"sigmas.{name}.{steps}.{denoise:g}"] = plan(name, model, steps, denoise)

    x, output = draw(1, 4, 6, 5) * 3, draw(1, 4, 6, 5)
    out["parameterisation.x"], out["parameterisation.output"] = x, output
    for name, model in models.items():
        for sigma in (14.6146412, 3.3, 1.0, 0.2, 0.03):
            asked = []
            network = lambda scaled, t: asked.append((scaled, t)) or output  # noqa: E731
            out[f"parameterisation.{name}.{sigma:g}"] = model.denoised(x, torch.tensor(sigma), network)
    out["parameterisation.edm_playground_v2.5.input"], t = asked[0]
    out["parameterisation.edm_playground_v2.5.timestep"] = torch.tensor([t])
    out["playground.latent"] = playground_latent(x)

    x, positive, negative = draw(1, 4, 9, 11) * 2, draw(1, 4, 9, 11), draw(1, 4, 9, 11)
    out |= {"guidance.x": x, "guidance.positive": positive, "guidance.negative": negative}
    out["guidance.filtered"] = bilateral(x, positive)
    for sharpness in (0, 2, 30):
        for cfg, adaptive in ((1.5, 7), (4, 7), (9, 7)):
            for timestep in (999, 699, 0):
                key = f"guidance.{sharpness}.{cfg:g}.{adaptive}.{timestep}"
                out[key] = guide(x, positive, negative, timestep, cfg, sharpness, adaptive)

    for width, height in ((1152, 896), (1000, 1040)):
        for scale, end in ((1.5, 0.3), (0.8, 0.3), (1, 0)):
            for timestep in (999, 700, 699, 0):
                key = f"adm.{width}.{height}.{scale:g}.{end:g}.{timestep}"
                numbers = torch.tensor(adm_numbers(height, width, scale, end, timestep))
                out[key] = numbers.float()
    out["sinusoids"] = sinusoids([0, 1, 896, 1000, 1152, 1344, 1728])
    save_file({key: value.contiguous() for key, value in out.items()}, TARGET)


if __name__ == "__main__":
    main()
