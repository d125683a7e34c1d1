#!/usr/bin/env bash
# onnxruntime 1.30.0 (CPU): casting a 4-bit tensor that a node made to an 8-bit type loses all values but the first.
#
# Float -> INT4 -> INT8 on 2 3 4 5 6 7 gives 2 0 0 0 0 0; INT4 -> INT32 and the same values as an initialiser are right. It is
# so with the optimiser off as well, for UINT4, and for every 8-bit target (UINT8, float8). The likely cause: the result takes
# over its input's buffer, and the elements that are still packed two to a byte are overwritten before they are read. A graph
# that unpacks 4-bit weights at run time therefore runs without an error on zeros.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.30.0 onnx==1.23.2 numpy
cat >cast.py <<'PY'
import numpy
import onnxruntime
from onnx import TensorProto, helper

values = [2, 3, 4, 5, 6, 7]

def cast(small, target, initialiser=False):
    nodes = [
        helper.make_node("Cast", ["x"], ["small"], to=small),
        helper.make_node("Cast", ["small"], ["result"], to=target),
        helper.make_node("Cast", ["result"], ["y"], to=TensorProto.FLOAT),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])]
    weights = []
    if initialiser:
        nodes, inputs = nodes[1:], []
        weights = [helper.make_tensor("small", small, [len(values)], values)]
        outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [len(values)])]
    graph = helper.make_graph(nodes, "cast", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {} if initialiser else {"x": numpy.array(values, "float32")}
    return " ".join(str(int(value)) for value in session.run(None, feed)[0])

print("made by a node,  INT4  -> INT8: ", cast(TensorProto.INT4, TensorProto.INT8))
print("made by a node,  UINT4 -> UINT8:", cast(TensorProto.UINT4, TensorProto.UINT8))
print("made by a node,  INT4  -> INT32:", cast(TensorProto.INT4, TensorProto.INT32))
print("an initialiser,  INT4  -> INT8: ", cast(TensorProto.INT4, TensorProto.INT8, initialiser=True))
PY
seen=$(venv/bin/python cast.py 2>/dev/null)
expected='made by a node,  INT4  -> INT8:  2 0 0 0 0 0
made by a node,  UINT4 -> UINT8: 2 0 0 0 0 0
made by a node,  INT4  -> INT32: 2 3 4 5 6 7
an initialiser,  INT4  -> INT8:  2 3 4 5 6 7'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
