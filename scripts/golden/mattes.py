"""Writes test/golden/foreign: small ONNX files with the inputs and outputs of rembg's networks, and the masks that rembg makes
with them (mattes.safetensors) of the photographs in picture-operations.safetensors.

    python3 scripts/golden/mattes.py

Needs rembg 2.0.57 (the version that Fooocus pins), onnx, onnxruntime, pillow below 13, numpy, scipy and safetensors. The sessions
are rembg's own classes and methods; only where they look for their files is changed, and two things that this project does
otherwise on purpose: isnet-general-use has the mean that it was trained with (rembg has it in later versions), and the classes of
clothes are enlarged to their nearest neighbours, since rembg's numbers between two classes are those of a third.

The networks: a picture of the size that the real ones take, weighted sums of 16 x 16 pixels of it, a nonlinearity, and back.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import PIL
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from rembg.sessions.dis_anime import DisSession as IsnetAnime
from rembg.sessions.dis_general_use import DisSession as IsnetGeneral
from rembg.sessions.u2net import U2netSession
from rembg.sessions.u2net_cloth_seg import Unet2ClothSession
from safetensors.numpy import load_file, save_file

GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
FOLDER = GOLDEN / "foreign"
STEP = 16
WIDTH = 4
assert int(PIL.__version__.split(".")[0]) < 13, PIL.__version__


def network(seed, side, planes, input_name="input.1", kind=TensorProto.FLOAT, last="Sigmoid", more=True):
    """@param more further outputs behind the first one, as U2Net has them; one is no float"""
    random = np.random.default_rng(seed)
    dtype = np.float32 if kind == TensorProto.FLOAT else np.float16
    down = random.normal(0, 0.1, (WIDTH, 3, STEP, STEP)).astype(dtype)
    up = random.normal(0, 1, (WIDTH, planes, 1, 1)) + random.normal(0, 0.1, (WIDTH, planes, STEP, STEP))
    up = up.astype(dtype)
    weights = [numpy_helper.from_array(down, "down.weight"), numpy_helper.from_array(up, "up.weight")]
    nodes = [
        helper.make_node("Conv", [input_name, "down.weight"], ["low"], strides=[STEP, STEP]),
        helper.make_node("Tanh", ["low"], ["bent"]),
        helper.make_node("ConvTranspose", ["bent", "up.weight"], ["high"], strides=[STEP, STEP]),
        helper.make_node(last, ["high"], ["1959"]),
    ]
    outputs = [helper.make_tensor_value_info("1959", kind, [1, planes, side, side])]
    if more:
        nodes.append(helper.make_node("ArgMax", ["high"], ["1960"], axis=1))
        outputs.append(helper.make_tensor_value_info("1960", TensorProto.INT64, [1, 1, side, side]))
    # Exporters of old list weights as inputs too.
    inputs = [helper.make_tensor_value_info(input_name, kind, [1, 3, side, side])]
    inputs += [helper.make_tensor_value_info(w.name, w.data_type, w.dims) for w in weights]
    graph = helper.make_graph(nodes, "torch-jit-export", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model)
    return model


def flat(side):
    """Says the same of every pixel."""
    model = network(1, side, 1)
    for weight in model.graph.initializer:
        weight.CopyFrom(numpy_helper.from_array(np.zeros(weight.dims, np.float32), weight.name))
    return model


def session_of(kind, path):
    made = kind.__new__(kind)
    made.model_name = path.stem
    made.inner_session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return made


class GeneralAsTrained(IsnetGeneral):
    def normalize(self, img, mean, std, size, *args, **kwargs):
        return super().normalize(img, (0.5, 0.5, 0.5), std, size, *args, **kwargs)


def nearest(cloth):
    """rembg's classes of clothes, enlarged without values in between."""

    def predict(img, **kwargs):
        lanczos = Image.Image.resize

        def resize(self, size, resample=None, **more):
            return lanczos(self, size, Image.Resampling.NEAREST if self.mode == "L" else resample, **more)

        Image.Image.resize = resize
        try:
            return cloth.predict(img, **kwargs)
        finally:
            Image.Image.resize = lanczos

    return predict


def save(model, name):
    path = FOLDER / name
    onnx.save(model, str(path))
    return path


def main():
    FOLDER.mkdir(exist_ok=True)
    u2net = save(network(2, 320, 1), "u2net.onnx")
    general = save(network(3, 1024, 1, input_name="input_image", more=False), "isnet-general-use.onnx")
    anime = save(network(4, 1024, 1, input_name="img"), "isnet-anime.onnx")
    cloth = save(network(5, 768, 4, last="Identity"), "u2net_cloth_seg.onnx")
    # Other sizes and types than the real files have: both come from the file.
    save(network(6, 320, 1, kind=TensorProto.FLOAT16), "halves.onnx")
    save(network(6, 320, 1), "whole.onnx")
    small = save(network(7, 64, 1), "small.onnx")
    save(flat(320), "flat.onnx")
    beside = network(2, 320, 1)
    onnx.save(
        beside,
        str(FOLDER / "beside.onnx"),
        save_as_external_data=True,
        location="beside.data",
        size_threshold=0,
        convert_attribute=False,
    )
    photos = {k[6:]: v for k, v in load_file(GOLDEN / "picture-operations.safetensors").items() if k.startswith("photo.")}
    masks = {}
    for name, photo in photos.items():
        picture = Image.fromarray(photo)
        masks[f"{name}.u2net"] = session_of(U2netSession, u2net).predict(picture)[0]
        masks[f"{name}.isnet-general-use"] = session_of(GeneralAsTrained, general).predict(picture)[0]
        masks[f"{name}.isnet-anime"] = session_of(IsnetAnime, anime).predict(picture)[0]
        for category in () if name in ("china", "chelsea") else ("full", "upper", "lower"):
            predict = nearest(session_of(Unet2ClothSession, cloth))
            masks[f"{name}.u2net_cloth_seg.{category}"] = predict(picture, cloth_category=category)[0]
    # A dark picture is brought up by its own largest value.
    dark = Image.fromarray(photos["chelsea"] // 3)
    masks["dark.u2net"] = session_of(U2netSession, u2net).predict(dark)[0]
    sized = session_of(U2netSession, small)
    whole = sized.normalize
    sized.normalize = lambda img, mean, std, _: whole(img, mean, std, (64, 64))
    masks["flower.small"] = sized.predict(Image.fromarray(photos["flower"]))[0]
    save_file({name: np.array(mask) for name, mask in masks.items()}, FOLDER / "mattes.safetensors")
    for name, mask in masks.items():
        values = np.array(mask)
        print(name, values.shape, values.min(), values.max(), round(float((values > 127).mean()), 3))


main()
