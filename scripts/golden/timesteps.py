"""The timesteps that every schedule asks a network about, for every number of steps from 1 to 100, by torch. Writes
test/golden/timesteps.safetensors; `--rounding` prints what src/sampling/torch-rounding.ts lists instead.

    python3 scripts/golden/timesteps.py

Needs what sampling.py needs. The formulas are guidance.py's.
"""

import sys
from pathlib import Path

import sampling  # before torch computes: it settles which way MKL rounds

import numpy as np
import torch
from safetensors.torch import save_file

import guidance

TARGET = Path(__file__).resolve().parents[2] / "test" / "golden" / "timesteps.safetensors"
NAMES = "normal karras exponential sgm_uniform simple ddim_uniform lcm turbo align_your_steps tcd".split()
SPACED = "normal karras exponential sgm_uniform".split()
STEPS = range(1, 101)
WHOLE = [*range(1, 31), *range(40, 101, 10)]  # numbers of steps whose sigmas are kept as well
PARTIAL = [(steps, denoise) for steps in (4, 20, 30) for denoise in (0.9, 0.85, 0.5, 0.382)]


def timesteps(model, tables):
    return torch.tensor([model.timestep(sigma) for table in tables for sigma in table[:-1]], dtype=torch.int16)


def places(model):
    """Where torch's float32 log and exp are not the nearest: entries n, and half-way points n + 0.5."""
    found = {"logs": {"above": [], "below": []}, "exps": {"above": [], "below": []}}

    def note(kind, place, value, function, matters=lambda right: True):
        right = getattr(np, function)(value.double().numpy()).astype(np.float32)
        mine = getattr(value, function)().numpy()
        if mine != right and matters(right):
            assert mine in (np.nextafter(right, np.float32(99999)), np.nextafter(right, np.float32(-99999)))
            found[kind]["above" if mine > right else "below"].append(place)

    middles = 0.5 * model.logs[:-1] + 0.5 * model.logs[1:]
    for i, sigma in enumerate(model.sigmas):
        note("logs", i, sigma, "log")
        note("exps", i, model.logs[i], "exp")
        if i < len(middles):
            note("exps", i + 0.5, middles[i], "exp")
            level = middles[i].exp()
            nearest = (level.log() - model.logs).abs().argmin()
            note("logs", i + 0.5, level, "log", lambda right: (torch.tensor(right) - model.logs).abs().argmin() != nearest)
    return found


def main():
    models = {"scaled-linear": guidance.Discrete(), "zero-terminal-snr": guidance.Discrete(zero=True)}
    distilled = guidance.Discrete(20, "lcm")
    if "--rounding" in sys.argv:
        for name, model in {**models, "distilled": distilled}.items():
            print(name, places(model))
        return
    out = {}
    for kind, model in models.items():
        out[f"{kind}.sigmas"], out[f"{kind}.logs"] = model.sigmas, model.logs
        for name in NAMES if kind == "scaled-linear" else SPACED:
            used = distilled if name in ("lcm", "tcd") else model
            tables = {steps: guidance.plan(name, used, steps) for steps in STEPS}
            out[f"{kind}.{name}.timesteps"] = timesteps(used, tables.values())
            out[f"{kind}.{name}.sigmas"] = torch.cat([tables[steps] for steps in WHOLE])
            partial = [guidance.plan(name, used, *options) for options in PARTIAL]
            out[f"{kind}.{name}.partial.timesteps"] = timesteps(used, partial)
            out[f"{kind}.{name}.partial.sigmas"] = torch.cat(partial)
    edm = guidance.Continuous()
    for steps in WHOLE:
        table = guidance.plan("edm_playground_v2.5", edm, steps)
        out[f"edm_playground_v2.5.{steps}"] = torch.stack([table[:-1], table[:-1].log() * 0.25])
    uncut = [guidance.uncut("ddim_uniform", models["scaled-linear"], steps) for steps in STEPS]
    out["ddim_uniform.spans"] = torch.stack([torch.stack([table[table > 0].min(), table.max()]) for table in uncut])
    save_file({key: value.contiguous() for key, value in out.items()}, TARGET)


if __name__ == "__main__":
    main()
