"""Writes test/golden/foreign/tagger.onnx, tagger.csv and tags.json: a small network with the input and output of a WD14 tagger,
names of its tags, and the tags that it gives the photographs in picture-operations.safetensors.

    python3 scripts/golden/tags.py

Needs onnx, onnxruntime, pillow below 13, numpy and safetensors. The rules are those of Fooocus' extras/wd14tagger.py, written anew:
longer side to the network's by Lanczos, lengths cut off; in the middle of a white square; blue before green before red, 0 to 255;
things over 0.35, characters over 0.85, characters first; Python's csv module reads the table.
"""

import csv
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.numpy import load_file

GOLDEN = Path(__file__).resolve().parents[2] / "test" / "golden"
FOLDER = GOLDEN / "foreign"
SIDE = 48
THINGS = ["1girl", "long_hair", ":)", "hat_(red)", "^_^", "tag, with a comma", 'a "quoted"_tag', "", "smile", "outdoors"]
PEOPLE = ["hatsune_miku", "saber_(fate)", "someone's_(nobody)_twin", "rem", "holo", "asuka"]
NAMES = [("general", 9), ("sensitive", 9), ("questionable", 9), ("explicit", 9)]
NAMES += [(name, 0) for name in THINGS] + [(f"thing_{i}", 0) for i in range(14)] + [(name, 4) for name in PEOPLE]


def network():
    random = np.random.default_rng(1)
    weights = {
        "kernel": random.normal(0, 1 / 300, (12, 3, 8, 8)).astype(np.float32),
        "dense": random.normal(0, 2.5, (12, len(NAMES))).astype(np.float32),
        "bias": random.normal(0.5, 1.5, len(NAMES)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Transpose", ["input_1:0"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel"], ["seen"], strides=[8, 8]),
        helper.make_node("Relu", ["seen"], ["bent"]),
        helper.make_node("GlobalMaxPool", ["bent"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "dense", "bias"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["predictions_sigmoid"]),
    ]
    image = helper.make_tensor_value_info("input_1:0", TensorProto.FLOAT, ["batch_size", SIDE, SIDE, 3])
    tags = helper.make_tensor_value_info("predictions_sigmoid", TensorProto.FLOAT, ["batch_size", len(NAMES)])
    values = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "tf2onnx", [image], [tags], values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)


def described(photo, session, rows):
    picture = Image.fromarray(photo)
    ratio = float(SIDE) / max(picture.size)
    width, height = (int(length * ratio) for length in picture.size)
    square = Image.new("RGB", (SIDE, SIDE), (255, 255, 255))
    square.paste(picture.resize((width, height), Image.LANCZOS), ((SIDE - width) // 2, (SIDE - height) // 2))
    pixels = np.array(square).astype(np.float32)[None, :, :, ::-1]
    shares = session.run(None, {"input_1:0": np.ascontiguousarray(pixels)})[0][0]
    first = {category: next(i for i, row in enumerate(rows) if row[2] == category) for category in "04"}
    sure = [i for i in range(first["4"], len(rows)) if shares[i] > 0.85]
    sure += [i for i in range(first["0"], first["4"]) if shares[i] > 0.35]
    close = float(min(np.abs(shares - 0.35).min(), np.abs(shares - 0.85).min()))
    names = [rows[i][1] for i in sure if rows[i][1] != ""]
    return ", ".join(n.replace("(", "\\(").replace(")", "\\)").replace("_", " ") for n in names), close


def main():
    model = network()
    onnx.checker.check_model(model)
    onnx.save(model, str(FOLDER / "tagger.onnx"))
    with open(FOLDER / "tagger.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["tag_id", "name", "category", "count"])
        table.writerows([i, name, category, 1000 - i] for i, (name, category) in enumerate(NAMES))
    with open(FOLDER / "tagger.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    session = onnxruntime.InferenceSession(str(FOLDER / "tagger.onnx"), providers=["CPUExecutionProvider"])
    tags = {}
    for key, photo in load_file(GOLDEN / "picture-operations.safetensors").items():
        if not key.startswith("photo."):
            continue
        for name, shown in ((key[6:], photo), (f"{key[6:]}.tall", photo[:, :30])):
            tags[name], close = described(shown, session, rows)
            print(name, round(close, 4), tags[name])
    (FOLDER / "tags.json").write_text(json.dumps(tags, indent=2) + "\n")


main()
