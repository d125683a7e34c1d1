"""What the samplers of diffusers cost a step beside the network: processor milliseconds by our samplers' names, as JSON.

    python scripts/bench/samplers/schedulers.py SIDE STEPS

The network answers at once, under classifier-free guidance; SIDE is that of the latent. Started by samplers.ts.
"""

import json
import sys
import time
import types

for name in ("torchvision",):
    # diffusers looks for it and does without; one that does not fit the installed torch would stop it.
    sys.modules[name] = None

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
    UniPCMultistepScheduler,
)

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

side, steps = int(sys.argv[1]), int(sys.argv[2])
guidance = 4.0


def walk(make):
    scheduler = make()
    scheduler.set_timesteps(steps)
    x = torch.randn(1, 4, side, side) * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        scheduler.scale_model_input(torch.cat([x, x]), t)
        positive, negative = x * 0.1, x * 0.09
        answer = negative + guidance * (positive - negative)
        x = scheduler.step(answer, t, x, return_dict=False)[0]


torch.set_num_threads(1)
found = {}
with torch.no_grad():
    for name, make in schedulers.items():
        walk(make)
        begun = time.process_time()
        for _ in range(5):
            walk(make)
        found[name] = (time.process_time() - begun) * 1000 / 5 / steps
print(json.dumps(found))
