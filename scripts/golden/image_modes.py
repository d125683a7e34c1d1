"""Whole jobs that start from a picture or that pictures guide: the requests and tiny files of
test/golden/image-modes.test.ts, and its kept pixels.

    python3 scripts/golden/image_modes.py write FOLDER
    python3 scripts/golden/image_modes.py keep FOLDER

`write` packs the tiny files and pictures into test/golden (the ControlNets are there: control.py's), writes the requests to
test/golden/image-modes.json, and lays all of it out in FOLDER as FooocusAPI's worker wants it: FOLDER/models, FOLDER/inputs,
FOLDER/requests.json. What the worker drew lies in FOLDER/pictures as ID-N.png when `keep` is called: what packs well is kept
whole, of the others every third, fifth or eleventh pixel both ways, among which all places within a block of the VAE occur.

The expected pictures were drawn by hand, outside this repository, by FooocusAPI at 78141cc (Fooocus 2.5.5) with torch 2.13.0
on the CPU in float32, text encoders too. Changed from outside were
- the widths of the networks, to these files'; and, where a request names tiny-256.safetensors, 256, 512 and 700 for the
  sizes 1024, 2048 and 2800;
- prompt expansion and previews, which are left out; the request's VAE, refiner, swap method and FreeU, which are set;
- what ours does otherwise on purpose: the mean of what the VAE's encoder tells instead of a draw, the mask cut at 127 before
  anything looks at it, strength and field 1 for outpainting, slopes of tiles cut off where a tile is narrower than they are,
  and both sides of a picture to paint on as multiples of 64 also where its size number fits as it is;
- the attention to image prompts, to the published decoupled one: a softmax of its own for each picture, its answer times the
  weight, added to the text's; and the widths of adapter and vision tower;
- the layout of pictures that are encoded, to colour plane by colour plane: torch's group normalisation of the other one
  loses three of seven digits in a channel that hardly varies.
Left out is what ours does otherwise and no picture of the reference can show: an enlarged picture keeps sides that are no
multiples of 8, and factors such as 3.2 are no 2.

Needs torch, numpy, Pillow, safetensors and the zstd program.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import image_mode_files as files
import tiny

GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
INPUTS, MODELS, DRAWN = (GOLDEN / "image-modes" / name for name in ("pictures", "models", "drawn"))
LORA, REFINER, SD1 = "tiny-lora-sgm.safetensors", "tiny-refiner.safetensors", "tiny-sd1.safetensors"
# One that draws at SDXL's size, and one whose sidecar says 256: a sixteenth of the work.
LARGE_PICTURES, SMALL_PICTURES = "tiny.safetensors", "tiny-256.safetensors"
INTERPOSER = "xl-to-v1_interposer-v4.0.safetensors"
# A Control-LoRA for PyraCanny and a whole ControlNet for CPDS, which control.py writes; here they see more of their pictures.
CONTROLS = {"control-lora-canny-rank128.safetensors": "control-lora.safetensors", "fooocus_xl_cpds_128.safetensors": "control-ldm.safetensors"}
# What image prompts are made with, which image_prompts.py writes: one adapter serves pictures and faces.
PROMPTS = {
    "controlnet/ip-adapter-plus_sdxl_vit-h.bin": "adapter-plus.bin",
    "controlnet/ip-adapter-plus-face_sdxl_vit-h.bin": "adapter-plus.bin",
    "controlnet/fooocus_ip_negative.safetensors": "negative-tokens.safetensors",
    "clip_vision/clip_vision_vit_h.safetensors": "vision-open-clip.safetensors",
}
APART, SMALL = (1, 3, 5, 11), 24_000


def case(name, steps, sampler, schedule, seed, **changed):
    usual = {
        "prompt": "a (lighthouse:1.2) on a cliff, storm\nsoft evening light",
        "negative_prompt": "blurry, low detail",
        "base_model_name": SMALL_PICTURES,
        "vae_name": files.VAE,
        "overwrite_step": steps,
        "sampler_name": sampler,
        "scheduler_name": schedule,
        "image_seed": seed,
    }
    return {"id": name, "request": {**usual, **changed}}


def vary(name, method, picture, *settings, **changed):
    return case(f"vary-{name}", *settings, uov_method=f"Vary ({method})", uov_input_image=f"@{picture}.png", **changed)


def upscale(name, method, picture, **changed):
    settings = 3, "dpmpp_2m_sde_gpu", "karras", 77
    return case(f"upscale-{name}", *settings, uov_method=f"Upscale ({method})", uov_input_image=f"@{picture}.png", **changed)


def inpaint(name, picture, mask, *settings, **changed):
    given = {} if mask is None else {"inpaint_mask_image_upload": f"@{mask}.png"}
    return case(f"inpaint-{name}", *settings, inpaint_input_image=f"@{picture}.png", **given, **changed)


def outpaint(name, picture, sides, *settings, **changed):
    return inpaint(f"out-{name}", picture, None, *settings, outpaint_selections=sides, **changed)


def control(kind, picture, weight=1.0, stop=1.0):
    return {"cn_img": f"@{picture}.png", "cn_stop": stop, "cn_weight": weight, "cn_type": kind}


def canny(picture="middle", **given):
    return control("PyraCanny", picture, **given)


def cpds(picture="middle", **given):
    return control("CPDS", picture, **given)


def image(picture="middle", **given):
    return control("ImagePrompt", picture, **given)


def face(picture="middle", **given):
    return control("FaceSwap", picture, **given)


def guided(name, controls, *settings, **changed):
    size = {"overwrite_width": 160, "overwrite_height": 128}
    return case(f"guided-{name}", *settings, controlnet_image=controls, **{**size, **changed})


def slots(*loras):
    return [{"enabled": True, "model_name": name, "weight": weight} for name, weight in loras]


CASES = [
    vary("subtle", "Subtle", "wide", 4, "euler", "karras", 1),
    vary("strong-two", "Strong", "odd", 4, "dpmpp_2m_sde_gpu", "karras", 2**40 + 5, image_number=2),
    vary("own-strength", "Subtle", "large", 3, "uni_pc", "normal", 8, overwrite_vary_strength=0.3),
    vary("lcm", "Strong", "tall", 4, "lcm", "lcm", 9, guidance_scale=1, loras=slots((LORA, 0.8))),
    vary("ancestral", "Strong", "wide", 5, "euler_ancestral", "exponential", 2**63 - 1),
    vary("refiner", "Strong", "wide", 6, "euler", "karras", 11, refiner_model_name=REFINER, overwrite_switch=2),
    vary("sd1-base-alone", "Strong", "wide", 6, "euler", "karras", 13, refiner_model_name=SD1, overwrite_switch=2),
    vary("sd1-alone", "Subtle", "wide", 6, "dpmpp_2m_sde_gpu", "karras", 14, refiner_model_name=SD1, overwrite_switch=2),
    vary("too-large", "Subtle", "huge", 3, "ddim", "ddim_uniform", 12, overwrite_width=320, overwrite_height=256),
    vary("transparent", "Strong", "glass", 3, "dpmpp_2m", "sgm_uniform", 16),
    vary("long", "Strong", "long", 3, "dpmpp_sde", "karras", 15, freeu_enabled=True, freeu_b1=1.4, freeu_s2=0.6),
    upscale("one-and-a-half", "1.5x", "wide"),
    upscale("two", "2x", "middle"),
    upscale("long", "2x", "long"),
    upscale("custom", "Custom", "middle", upscale_multiple=3, overwrite_upscale_strength=0.5),
    upscale("custom-half", "Custom", "tall", upscale_multiple=2.5),
    upscale("too-large", "Custom", "middle", upscale_multiple=5, image_number=3),
    upscale("two-images", "2x", "tall", image_number=2, disable_seed_increment=True, overwrite_step=-1, performance_selection="Speed"),
    upscale("fast", "Fast 2x", "odd"),
    upscale("fast-large", "Fast 2x", "large"),
    upscale("fast-long", "Fast 2x", "long"),
    inpaint("no-engine", "wide", "mask-wide", 3, "euler", "karras", 3, inpaint_engine="None"),
    inpaint("v2.6", "wide", "mask-wide", 4, "dpmpp_2m_sde_gpu", "karras", 4, overwrite_switch=2),
    inpaint("v2.5-field-0", "tall", "mask-tall", 4, "lcm", "lcm", 21, inpaint_engine="v2.5", inpaint_respective_field=0, guidance_scale=1),
    inpaint("v1-field-1", "wide", "mask-wide", 4, "ddim", "normal", 22, inpaint_engine="v1", inpaint_respective_field=1),
    inpaint("v1-half", "odd", "mask-odd", 4, "uni_pc", "simple", 5, inpaint_engine="v1", inpaint_strength=0.5, inpaint_respective_field=0),
    inpaint("red-eroded", "wide", "mask-red", 4, "uni_pc", "karras", 23, inpaint_erode_or_dilate=-2, overwrite_switch=2),
    inpaint("dilated", "odd", "mask-odd", 4, "euler_ancestral", "karras", 24, inpaint_erode_or_dilate=5),
    inpaint("inverted", "wide", "mask-grey", 3, "heun", "normal", 25, invert_mask_checkbox=True, inpaint_engine="None"),
    inpaint("from-noise", "wide", "mask-wide", 4, "dpmpp_sde", "karras", 26, inpaint_disable_initial_latent=True, inpaint_additional_prompt="red boat"),
    inpaint("only-additional", "wide", "mask-wide", 3, "euler", "karras", 27, prompt="", inpaint_additional_prompt="red boat"),
    inpaint("refiner", "wide", "mask-wide", 5, "dpmpp_2m_sde_gpu", "karras", 28, refiner_model_name=REFINER, overwrite_switch=2),
    inpaint("sd1", "wide", "mask-wide", 5, "dpmpp_2m_sde_gpu", "karras", 38, refiner_model_name=SD1, overwrite_switch=3),
    inpaint("separate", "wide", "mask-wide", 5, "euler", "karras", 39, refiner_model_name=REFINER, overwrite_switch=3, refiner_swap_method="separate"),
    inpaint("two", "wide", "mask-wide", 3, "dpmpp_3m_sde_gpu", "exponential", 29, image_number=2),
    inpaint("lora", "wide", "mask-wide", 4, "euler", "karras", 30, loras=slots((LORA, 1.0)), overwrite_switch=2),
    inpaint("large", "large", "mask-large", 3, "dpmpp_2m", "karras", 31, inpaint_respective_field=0.3),
    inpaint("large-whole", "large", "mask-large", 3, "restart", "karras", 40, inpaint_respective_field=0.8),
    inpaint("almost-whole", "odd", "mask-odd", 4, "euler", "karras", 33, inpaint_strength=0.99, overwrite_switch=2),
    inpaint("debug", "wide", "mask-wide", 3, "euler", "karras", 32, debugging_inpaint_preprocessor=True),
    outpaint("left", "tall", ["Left"], 3, "euler_ancestral", "normal", 6, overwrite_switch=1),
    outpaint("right", "odd", ["Right"], 3, "dpmpp_2m_sde_gpu", "karras", 34),
    outpaint("top-bottom", "wide", ["Bottom", "Top"], 3, "euler", "karras", 35, inpaint_engine="v2.5"),
    outpaint("all-distances", "wide", ["Left", "Right", "Top", "Bottom"], 3, "euler", "karras", 36, outpaint_distance=[17, 0, 31, 8], overwrite_switch=1),
    inpaint("out-masked", "wide", "mask-wide", 3, "euler", "karras", 37, outpaint_selections=["Right"], outpaint_distance=[9, 9, 40, 9], inpaint_strength=0.4),
    upscale("fast-1024", "Fast 2x", "odd", base_model_name=LARGE_PICTURES),
    guided("canny", [canny(stop=0.5)], 4, "euler", "karras", 1),
    guided("canny-hard", [canny("wide", weight=0.7)], 4, "dpmpp_2m_sde_gpu", "karras", 2, canny_low_threshold=100, canny_high_threshold=200, controlnet_softness=0),
    guided("canny-as-given", [canny("odd")], 4, "euler_ancestral", "normal", 3, skipping_cn_preprocessor=True, controlnet_softness=1),
    guided("canny-lora", [canny()], 3, "euler", "karras", 4, loras=slots((LORA, 1.0))),
    guided("canny-refiner", [canny()], 5, "euler", "karras", 5, refiner_model_name=REFINER, overwrite_switch=2),
    guided("canny-separate", [canny()], 5, "euler", "karras", 6, refiner_model_name=REFINER, overwrite_switch=2, refiner_swap_method="separate"),
    guided("canny-stop", [canny(stop=0.3)], 8, "heun", "karras", 7),
    guided("canny-distilled", [canny()], 4, "lcm", "lcm", 8, guidance_scale=1),
    guided("cpds", [cpds("large", weight=1.5, stop=0.3)], 4, "uni_pc", "normal", 11, overwrite_width=136, overwrite_height=152),
    guided("both", [cpds("tall"), canny("wide", weight=0.5, stop=0.5), canny(weight=0.8, stop=0.9)], 5, "dpmpp_sde_gpu", "karras", 13, image_number=2),
    guided("inpaint", [canny("odd"), cpds("large")], 5, "euler", "karras", 33, mixing_image_prompt_and_inpaint=True, inpaint_input_image="@wide.png", inpaint_mask_image_upload="@mask-wide.png", overwrite_switch=3),
    guided("image", [image(stop=0.5, weight=0.8)], 4, "euler", "karras", 41),
    guided("images", [image("wide", weight=0.5), image("odd", weight=1.5, stop=0.7)], 4, "dpmpp_2m_sde_gpu", "karras", 42, image_number=2),
    guided("image-canny-lora", [image("large", weight=1.2, stop=0.9), canny(stop=0.5)], 4, "euler_ancestral", "normal", 43, loras=slots((LORA, 1.0))),
    guided("face-as-given", [face("tall", stop=0.9), image("wide", weight=0.4)], 4, "uni_pc", "karras", 44, skipping_cn_preprocessor=True),
    guided("image-distilled", [image()], 4, "lcm", "lcm", 45, guidance_scale=1),
    guided("image-vary", [image("odd")], 4, "euler", "karras", 47, mixing_image_prompt_and_vary_upscale=True, uov_method="Vary (Strong)", uov_input_image="@wide.png"),
    guided("image-inpaint", [image("odd"), canny("large")], 5, "euler", "karras", 48, mixing_image_prompt_and_inpaint=True, inpaint_input_image="@wide.png", inpaint_mask_image_upload="@mask-wide.png", overwrite_switch=3),
    guided("image-debug", [image("tall"), canny("odd")], 3, "euler", "karras", 46, debugging_cn_preprocessor=True),
    guided("debug", [cpds("tall"), canny("odd"), canny("wide")], 3, "euler", "karras", 36, debugging_cn_preprocessor=True),
]
# Left to runs on demand: what is at SDXL's size, and what costs most of the others.
COSTLY = ("upscale-long", "upscale-custom", "upscale-two-images", "vary-too-large")
LARGE = [
    vary("1024", "Subtle", "wide", 4, "euler", "karras", 1, base_model_name=LARGE_PICTURES),
    upscale("1024", "1.5x", "wide", performance_selection="Quality", base_model_name=LARGE_PICTURES),
    inpaint("1024", "wide", "mask-wide", 4, "dpmpp_2m_sde_gpu", "karras", 4, overwrite_switch=2, base_model_name=LARGE_PICTURES),
]


def packed(path):
    target = MODELS / f"{path.name}.zst"
    subprocess.run(["zstd", "-q", "-f", "-19", "--long=26", path, "-o", target], check=True)


def listed(drawn):
    """The cases as the test reads them; seeds are texts there, since JavaScript's numbers do not hold them."""
    out = []
    for one in CASES + LARGE:
        request = {**one["request"], "image_seed": str(one["request"]["image_seed"])}
        out.append({"name": one["id"], "always": one in CASES and one["id"] not in COSTLY, "request": request, "drawn": drawn.get(one["id"], [])})
    (GOLDEN / "image-modes.json").write_text(json.dumps(out, indent=1) + "\n")


def write(folder):
    models, inputs = folder / "models", folder / "inputs"
    for kind in ("checkpoints", "loras", "vae", "embeddings", "upscale_models", "inpaint", "controlnet", "clip_vision", "vae_approx"):
        (models / kind).mkdir(parents=True, exist_ok=True)
    for path in (INPUTS, MODELS, DRAWN, inputs):
        path.mkdir(parents=True, exist_ok=True)
    for name in (LARGE_PICTURES, SMALL_PICTURES):
        save_file(tiny.checkpoint(), models / "checkpoints" / name)
    save_file(tiny.refiner(), models / "checkpoints" / REFINER)
    save_file(tiny.sd1(), models / "checkpoints" / SD1)
    save_file(tiny.interposer(), models / "vae_approx" / INTERPOSER)
    (models / "loras" / LORA).write_bytes((GOLDEN / LORA).read_bytes())
    for name, ours in CONTROLS.items():
        target = models / "controlnet" / name
        subprocess.run(["zstd", "-q", "-f", "-d", GOLDEN / "models" / f"{ours}.zst", "-o", target], check=True)
        save_file(files.seeing(load_file(target)), target)
    for name, ours in PROMPTS.items():
        subprocess.run(["zstd", "-q", "-f", "-d", GOLDEN / "models" / f"{ours}.zst", "-o", models / name], check=True)

    vae, head, upscaler = models / "vae" / files.VAE, models / "inpaint" / files.HEAD, models / "upscale_models" / files.UPSCALER
    save_file(files.narrow_vae(), vae)
    torch.save(files.upscaler(), upscaler)
    torch.save(files.inpaint_head(), head)
    v1, v25, v26 = (models / "inpaint" / name for name in files.PATCHES.values())
    torch.save(files.inpaint_patch(rows=False, vectors=False), v1)
    torch.save(files.inpaint_patch(rows=True, vectors=True), v25)
    # What is deflated already is not packed further: a short table keeps it small.
    v26.write_bytes(files.deflated(files.inpaint_patch(rows=False, vectors=False, period=509)))
    for path in (vae, head, upscaler, v1, v25, v26):
        packed(path)

    for name, image in files.pictures().items():
        image.save(inputs / name, optimize=True)
        (INPUTS / name).write_bytes((inputs / name).read_bytes())
    (folder / "requests.json").write_text(json.dumps(CASES + LARGE, indent=1) + "\n")
    listed({})


def keep(folder):
    drawn = {}
    for old in DRAWN.glob("*.png"):
        old.unlink()
    for one in CASES + LARGE:
        n = 0
        while (path := folder / "pictures" / f"{one['id']}-{n}.png").exists():
            pixels = np.array(Image.open(path).convert("RGB"))
            height, width, _ = pixels.shape
            for apart in APART:
                Image.fromarray(np.ascontiguousarray(pixels[::apart, ::apart])).save(DRAWN / path.name, optimize=True)
                if (DRAWN / path.name).stat().st_size <= SMALL:
                    break
            drawn.setdefault(one["id"], []).append({"width": width, "height": height, "apart": apart})
            print(path.name, pixels.shape, pixels.mean().round(1), pixels.std().round(1))
            n += 1
    listed(drawn)


if __name__ == "__main__":
    {"write": write, "keep": keep}[sys.argv[1]](Path(sys.argv[2]))
