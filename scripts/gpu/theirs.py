"""diffusers on a device, as its documentation advises for SDXL: float16, channels last, attention by PyTorch's own
scaled_dot_product_attention, guidance as a batch of two, the VAE decoded in float32 as its config asks. `theirs.py ASKED`, JSON with
checkpoint, side, steps, device and dtype. What was measured is told as lines of JSON, as soon as it is known.

Opening is from the first byte read to the end of the first step, less one step; what importing torch takes is told beside it.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

began = time.perf_counter()
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench" / "peers"))

import sdxl_parts
import torch
from diffusers import EulerDiscreteScheduler

asked = json.loads(sys.argv[1])
device, dtype = asked["device"], getattr(torch, asked["dtype"])


def tell(**found):
    print(json.dumps(found), flush=True)


def settled():
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


tell(importing=time.perf_counter() - began)

with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
    sdxl_parts.write_configs(folder)
    path, side = asked["checkpoint"], asked["side"]

    def placed(model, layout=torch.contiguous_format):
        return model.eval().to(device, memory_format=layout)

    start = settled()
    encoders = [placed(sdxl_parts.encoder(path, place, folder, dtype)) for place in sdxl_parts.encoders]
    unet = placed(sdxl_parts.unet(path, folder, dtype), torch.channels_last)
    vae = placed(sdxl_parts.vae(path, folder, dtype), torch.channels_last)

    def texts():
        """Both sides of guidance: 77 tokens each."""
        tokens = torch.tensor([[49406, *(320 + 17 * i for i in range(20)), *[49407] * 56], [49406, *[49407] * 76]], device=device)
        answers = [model(tokens, output_hidden_states=True) for model in encoders]
        return torch.cat([one.hidden_states[-2] for one in answers], -1), answers[1].text_embeds

    def picture():
        moments = [settled()]
        context, pooled = texts()
        ids = torch.tensor([[side, side, 0, 0, side, side]] * 2, dtype=dtype, device=device)
        scheduler = EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000)
        scheduler.set_timesteps(asked["steps"], device=device)
        latent = torch.randn(1, 4, side // 8, side // 8, dtype=dtype, device=device) * scheduler.init_noise_sigma
        for timestep in scheduler.timesteps:
            both = scheduler.scale_model_input(torch.cat([latent, latent]), timestep).to(memory_format=torch.channels_last)
            told = {"text_embeds": pooled, "time_ids": ids}
            plain, wanted = unet(both, timestep, encoder_hidden_states=context, added_cond_kwargs=told, return_dict=False)[0].flip(0).chunk(2)
            latent = scheduler.step(plain + 7 * (wanted - plain), timestep, latent, return_dict=False)[0]
            moments.append(settled())
        decoded = vae.to(torch.float32).decode((latent / 0.13025).float(), return_dict=False)[0]
        pixels = (decoded.clamp(-1, 1) * 127.5 + 127.5).to(torch.uint8).cpu()
        moments.append(settled())
        vae.to(dtype)
        return moments, bool(torch.isfinite(decoded).all()) and pixels.numel() == 3 * side * side

    def timed(moments, origin):
        steps = [b - a for a, b in zip(moments[1:-2], moments[2:-1])]
        step = sorted(steps)[(len(steps) - 1) // 2] if steps else moments[1] - moments[0]
        return {"opening": moments[1] - origin - step, "step": step, "decoding": moments[-1] - moments[-2], "whole": moments[-1] - origin}

    moments, finite = picture()
    tell(first=timed(moments, start), finite=finite)
    moments, finite = picture()
    tell(later=timed(moments, moments[0]), finite=finite)
    if device == "cuda":
        tell(reserved=torch.cuda.max_memory_reserved() / 2**20, allocated=torch.cuda.max_memory_allocated() / 2**20)
    tell(peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
