"""Whole jobs with an enhancement: requests, two mask networks, and kept pixels of test/golden/enhance-run.test.ts.

    python3 scripts/golden/enhance_run.py write FOLDER
    python3 scripts/golden/enhance_run.py keep FOLDER

`write` puts the requests and the networks into test/golden/enhance-run. A network says the same of every picture, a rectangle among
32 x 32: then a value that is off by one in one pass moves no mask of the next. What the worker drew lies in FOLDER as ID-N.png
when `keep` is called; every third pixel both ways is kept.

The expected pictures were drawn by hand, outside this repository, as those of image_modes.py, on its files, with the networks' masks cut
at 127 in place of rembg's. Before `given` another job was drawn with the same VAE: the worker encodes the picture of a first pass
that varies it with the VAE of whatever was drawn before, since it opens the request's own only for the texts, later.

Needs numpy, Pillow and onnx.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

TARGET = Path(__file__).resolve().parents[2] / "test" / "golden" / "enhance-run"
APART, SIDE = 3, 32
# Top, bottom, left, right.
MATTES = {"u2net": (8, 20, 4, 14), "isnet-anime": (12, 28, 18, 30)}
USUAL = {
    "prompt": "a (lighthouse:1.2) on a cliff, storm\nsoft evening light",
    "negative_prompt": "blurry, low detail",
    "base_model_name": "tiny-256.safetensors",
    "vae_name": "tiny-narrow-vae.safetensors",
    "overwrite_step": 3,
    "sampler_name": "euler",
    "scheduler_name": "karras",
    "enhance_checkbox": True,
}


def region(model, **said):
    return {"enhance_enabled": True, "enhance_mask_model": model, **{f"enhance_{name}": value for name, value in said.items()}}


CASES = {
    "given": {
        **USUAL,
        "image_seed": 3,
        "enhance_input_image": "@wide.png",
        "enhance_uov_method": "Vary (Subtle)",
        "enhance_ctrls": [
            region("u2net", prompt="a red boat", inpaint_engine="None", inpaint_respective_field=0.3),
            region("isnet-anime", inpaint_engine="v2.6", inpaint_strength=0.8, inpaint_erode_or_dilate=-2, negative_prompt="fog"),
        ],
    },
    "made": {
        **USUAL,
        "image_seed": 5,
        "image_number": 2,
        "overwrite_width": 160,
        "overwrite_height": 128,
        "enhance_ctrls": [region("isnet-anime", inpaint_engine="v2.6", mask_invert=True, prompt="a storm")],
        "enhance_uov_method": "Upscale (1.5x)",
        "enhance_uov_processing_order": "After Last Enhancement",
        "enhance_uov_prompt_type": "Last Filled Enhancement Prompts",
    },
}


def network(top, bottom, left, right):
    matte = np.zeros((1, 1, SIDE, SIDE), np.float32)
    matte[:, :, top:bottom, left:right] = 1
    nodes = [
        helper.make_node("ReduceMax", ["picture", "axes"], ["most"], keepdims=1),
        helper.make_node("Mul", ["most", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "matte"], ["answer"]),
    ]
    constants = {"axes": np.array([1, 2, 3], np.int64), "zero": np.zeros((1, 1, 1, 1), np.float32), "matte": matte}
    graph = helper.make_graph(
        nodes,
        "rectangle",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model


def write(folder):
    TARGET.mkdir(exist_ok=True)
    for name, box in MATTES.items():
        onnx.save(network(*box), TARGET / f"{name}.onnx")
    (TARGET / "cases.json").write_text(json.dumps(CASES, indent=1) + "\n")
    (folder / "requests.json").write_text(json.dumps([{"id": name, "request": said} for name, said in CASES.items()]))


def keep(folder):
    for name in CASES:
        for path in sorted(folder.glob(f"{name}-*.png")):
            Image.fromarray(np.array(Image.open(path))[::APART, ::APART]).save(TARGET / path.name, optimize=True)


if __name__ == "__main__":
    {"write": write, "keep": keep}[sys.argv[1]](Path(sys.argv[2]))
