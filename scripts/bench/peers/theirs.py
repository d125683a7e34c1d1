"""diffusers' half of peers.ts, in a process of its own: theirs.py ASKED float32|bfloat16, ASKED as JSON.

What was measured is JSON on its output. Each part is opened, run and dropped before the next, so that a machine of 24 GiB holds the
float32 UNet; the channels lie last where that is what diffusers recommends for a processor, which is with bfloat16.
"""

import gc
import json
import sys
import tempfile
import time

import sdxl_parts
import torch

asked, kind = json.loads(sys.argv[1]), sys.argv[2]
dtype = getattr(torch, kind)
layout = torch.channels_last if dtype == torch.bfloat16 else torch.contiguous_format
torch.set_num_threads(asked["threads"] or torch.get_num_threads())
side = asked["side"] // 8

def now():
    return {"processor": time.process_time(), "wall": time.perf_counter()}


def since(start):
    return {key: value - start[key] for key, value in now().items()}


def plus(*parts):
    return {key: sum(part[key] for part in parts) for key in ("processor", "wall")}


opening, finite = {"processor": 0.0, "wall": 0.0}, True


def opened(make):
    global opening
    start = now()
    model = make().eval()
    opening = plus(opening, since(start))
    return model


def timed(runs, work):
    """The first run fills the caches; it is what counts where no more are asked for."""
    global finite
    start = now()
    answer = work()
    spent = [since(start)] if runs == 0 else []
    finite = finite and bool(torch.isfinite(answer).all())
    for _ in range(runs):
        start = now()
        work()
        spent.append(since(start))
    return spent


with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
    sdxl_parts.write_configs(folder)
    checkpoint = asked["checkpoint"]
    tokens = torch.tensor([[49406, *(320 + 17 * i for i in range(20)), *[49407] * 56]])

    texts = []
    for place in sdxl_parts.encoders:
        model = opened(lambda: sdxl_parts.encoder(checkpoint, place, folder, dtype))
        texts.append(timed(asked["runs"], lambda: model(tokens, output_hidden_states=True).hidden_states[-2]))
        del model
        gc.collect()

    model = opened(lambda: (
        sdxl_parts.unet_of_shared_weights(dtype) if asked.get("sharedWeights") else sdxl_parts.unet(checkpoint, folder, dtype)
    ).to(memory_format=layout))
    sample = torch.randn(1, 4, side, side).to(dtype).to(memory_format=layout)
    told = {
        "encoder_hidden_states": torch.randn(1, 77, 2048, dtype=dtype),
        "added_cond_kwargs": {
            "text_embeds": torch.randn(1, 1280, dtype=dtype),
            "time_ids": torch.tensor([[asked["side"], asked["side"], 0, 0, asked["side"], asked["side"]]], dtype=dtype),
        },
    }
    unet = timed(asked["runs"], lambda: model(sample, torch.tensor(500), **told).sample)
    del model
    gc.collect()

    model = opened(lambda: sdxl_parts.vae(checkpoint, folder, dtype).to(memory_format=layout))
    vae = timed(0, lambda: model.decode(sample).sample)

print(json.dumps({"opening": opening, "text": [plus(*pair) for pair in zip(*texts)], "unet": unet, "vae": vae, "finite": finite}))
