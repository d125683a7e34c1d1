"""What a program on `webuiapi` does with a server of ours: `webuiapi.py HOST PORT KEY`."""

import base64
import io
import json
import sys
import threading
import time

import webuiapi
from PIL import Image, ImageDraw

host, port, key = sys.argv[1:]
# It tells on standard output what it does, which is for what was seen alone.
seen, sys.stdout = sys.stdout, sys.stderr


def saw(what, **facts):
    print(json.dumps({"saw": what, **facts}), file=seen)


def told(result, *words):
    """Which of these words the warnings of an answer have."""
    return [word for word in words if any(word in warning for warning in result.info["warnings"])]


small = {"prompt": "a circle", "steps": 4, "width": 64, "height": 64, "seed": 7}

# It asks for the scripts when it is made, and passes over what it cannot read.
stranger = webuiapi.WebUIApi(host=host, port=int(port), username="user", password="wrong")
try:
    stranger.txt2img(**small)
except RuntimeError as error:
    saw("no key", status=error.args[0], detail=json.loads(error.args[1])["detail"])

api = webuiapi.WebUIApi(host=host, port=int(port), username="user", password=key)

made = api.txt2img(**small, batch_size=2, negative_prompt="text", cfg_scale=5)
saw("picture", sizes=[image.size for image in made.images], seeds=made.info["all_seeds"], cfg=made.parameters["cfg_scale"])

circle = Image.new("RGB", (64, 64), "white")
ImageDraw.Draw(circle).ellipse((16, 16, 48, 48), fill="red")
mask = Image.new("RGB", (64, 64), "black")
ImageDraw.Draw(mask).rectangle((16, 16, 48, 48), fill="white")

again = api.img2img(images=[circle], denoising_strength=0.5, **small)
saw("img2img", size=again.image.size, strength=again.info["denoising_strength"])
painted = api.img2img(images=[circle], mask_image=mask, inpainting_fill=1, mask_blur=12, **small)
saw("inpaint", size=painted.image.size, told=told(painted, "mask_blur 12"))

# Its default for all calls is one object, which would keep the unit for those that come after.
unit = webuiapi.ControlNetUnit(image=circle, module="canny", model="canny", weight=0.8)
guided = api.txt2img(**small, controlnet_units=[unit], alwayson_scripts={}, override_settings={"sd_model_checkpoint": "fooocusd-demo"})
saw("controlnet", size=guided.image.size)
edges = api.controlnet_detect([circle], module="canny", threshold_a=64, threshold_b=128)
saw("detect", size=edges.image.size)
saw("controlnet lists", models="canny" in api.controlnet_model_list(), modules="cpds" in api.controlnet_module_list())

larger = api.extra_single_image(circle, upscaler_1="Lanczos", upscaling_resize=1.5)
batch = api.extra_batch_images([circle, mask], upscaler_1=webuiapi.Upscaler.Lanczos, upscaling_resize=2)
saw("extras", size=larger.image.size, batch=[image.size for image in batch.images])

read = api.png_info(made.image)
saw("png-info", steps=read.parameters["Steps"], seed=read.parameters["Seed"])

hires = api.txt2img(**small, enable_hr=True, hr_scale=2, hr_upscaler=webuiapi.HiResUpscaler.Latent, denoising_strength=0.5)
saw("hires", size=hires.image.size, told=told(hires, "hr_upscaler"))

names = api.util_get_model_names()
api.util_set_model("base")
saw("models", current=api.util_get_current_model() in names, samplers="Euler a" in api.util_get_sampler_names(),
    schedulers="karras" in api.util_get_scheduler_names())
saw("lists", loras=[lora["name"] for lora in api.get_loras()], vae=api.get_sd_vae(), upscalers=[one["name"] for one in api.get_upscalers()][:2],
    styles=api.get_prompt_styles(), embeddings=api.get_embeddings(), faces=api.get_face_restorers(), hypernetworks=api.get_hypernetworks(),
    latent=api.get_latent_upscale_modes(), esrgan=isinstance(api.get_realesrgan_models(), list), memory=sorted(api.get_memory()),
    flags=api.get_cmd_flags()["api"], refreshed=api.refresh_checkpoints())

try:
    api.txt2img(prompt="a circle", sampler_name="PLMS")
except RuntimeError as error:
    saw("error", status=error.args[0], where=json.loads(error.args[1])["detail"][0]["loc"])

# Another thread asks how far it is, sees a preview, and ends it.
ended = {}
thread = threading.Thread(target=lambda: ended.update(result=api.txt2img(**{**small, "seed": 1000}, batch_size=3)))
thread.start()
while True:
    progress = api.get_progress()
    if progress["current_image"] and progress["state"]["job_no"] == 1:
        break
    time.sleep(0.02)
image = Image.open(io.BytesIO(base64.b64decode(progress["current_image"])))
saw("progress", preview=image.format, job=progress["state"]["job"], count=progress["state"]["job_count"],
    moving=0 < progress["progress"] < 1)
api.interrupt()
saw("asked to end")
thread.join()
saw("interrupted", pictures=len(ended["result"].images), told=told(ended["result"], "Interrupted: 1 of 3"))
api.util_wait_for_ready(check_interval=0.05)
saw("ready", skipped=api.skip())
