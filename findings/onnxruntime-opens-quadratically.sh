#!/usr/bin/env bash
# onnxruntime 1.30.0 (CPU): without shapes on its edges, a graph opens in time that grows with the square of its nodes.
#
# The planner of buffers looks through all freed buffers for one of the same shape. An edge that carries no shape never finds
# one, so the list only grows, with every optimisation switched off too. A chain of 8,000 additions whose edges have no shape
# takes many times as long to open as the same chain with one symbol in value_info (any symbol will do, so long as equal
# shapes have equal ones). Exporters that leave value_info out, and tools that strip it, make large models slow to open.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.30.0 onnx==1.23.2 numpy
cat >opening.py <<'PY'
import time

import onnxruntime
from onnx import TensorProto, helper

def seconds(nodes, shapes):
    """Processor seconds to open y = a chain of reshapes and additions on rows whose number is not known beforehand."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [-1, 8])
    last, list_, infos = "x", [], []
    for i in range(nodes // 2):
        list_.append(helper.make_node("Reshape", [last, "dims"], [f"r{i}"]))
        list_.append(helper.make_node("Add", [f"r{i}", "x"], [f"a{i}"]))
        last = f"a{i}"
        if shapes:
            infos += [helper.make_tensor_value_info(f"{c}{i}", TensorProto.FLOAT, ["n", 8]) for c in "ra"]
    dims = helper.make_tensor_value_info("dims", TensorProto.INT64, [2])
    y = helper.make_tensor_value_info(last, TensorProto.FLOAT, None if not shapes else ["n", 8])
    graph = helper.make_graph(list_, "chain", [x, dims], [y], [], value_info=infos)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    data = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    start = time.process_time()
    onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return time.process_time() - start

for shapes in (False, True):
    small, large = min(seconds(2000, shapes) for _ in range(3)), min(seconds(8000, shapes) for _ in range(2))
    print(f"{'with' if shapes else 'without'} shapes: 2,000 nodes {small:.2f} s, 8,000 nodes {large:.2f} s", flush=True)
    if shapes:
        assert large < without / 5, "with shapes it is no longer much faster"
    else:
        without = large
        assert large > 8 * small, "it no longer grows with the square"
PY
venv/bin/python opening.py
