#!/usr/bin/env bash
# onnxruntime 1.30.0 (CPU): Cast rounds to INT4 and UINT4, and truncates to every other integer type.
#
# 0.6, 1.5 and 2.5 become 0 1 2 as INT8 (cut off, as ONNX says of casts from float to whole numbers) and 1 2 3 as INT4 (rounded,
# halves away from zero, so neither numpy's nor QuantizeLinear's rounding to even). Values beyond the range wrap: 9 becomes -7.
# A quantiser that ends in Round, Clip, Cast is safe; one that relies on the cast to cut off is half a step wrong, in one
# width only.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.30.0 onnx==1.23.2 numpy
cat >cast.py <<'PY'
import numpy
import onnxruntime
from onnx import TensorProto, helper

for name in ("INT4", "UINT4", "INT8", "INT16", "INT32"):
    nodes = [
        helper.make_node("Cast", ["x"], ["whole"], to=getattr(TensorProto, name)),
        helper.make_node("Cast", ["whole"], ["y"], to=TensorProto.INT32),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])
    y = helper.make_tensor_value_info("y", TensorProto.INT32, ["n"])
    graph = helper.make_graph(nodes, "cast", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    print(name, *session.run(None, {"x": numpy.array([0.4, 0.6, 1.5, 2.5, 9], "float32")})[0])
PY
seen=$(venv/bin/python cast.py 2>/dev/null)
expected='INT4 0 1 2 3 -7
UINT4 0 1 2 3 9
INT8 0 0 1 2 9
INT16 0 0 1 2 9
INT32 0 0 1 2 9'
echo "0.4 0.6 1.5 2.5 9 cast to"
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
