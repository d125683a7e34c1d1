#!/usr/bin/env bash
# onnxruntime-node 1.30.0, WebGPU: Conv answers wrong numbers, without a word, where the input's channels are a multiple of 3
# and not of 4 (3 itself is right) and the output's are a multiple of 4.
#
# A 3 x 3 convolution of an 8 x 8 picture, numbers between -1 and 1, on the CPU and on WebGPU (SwiftShader, a Vulkan in software): at
# 6, 9, 15 and 18 channels the two are as far apart as the answers are large, at 3, 4, 7, 8, 10 and 12 they agree; from 6 to 10 they
# agree too. Most widths are powers of two and never meet this; the first convolution of an inpainting UNet, from 9 channels to 320,
# does. Channels of zeros up to the next multiple of 4 help.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-node@1.30.0 @sparticuz/chromium@153.0.0
cat >models.py <<'PY'
import onnx
from onnx import TensorProto, helper

for channels, out in [(c, 8) for c in (3, 4, 6, 7, 8, 9, 10, 12, 15, 18)] + [(6, 10), (9, 320)]:
    ports = [("x", [1, channels, 8, 8]), ("w", [out, channels, 3, 3]), ("y", [1, out, 8, 8])]
    x, w, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in ports)
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    graph = helper.make_graph([node], "conv", [x, w], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.save(model, f"{channels}-{out}.onnx")
PY
venv/bin/python models.py
node -e '
const { brotliDecompressSync } = require("node:zlib");
const { readFileSync, writeFileSync } = require("node:fs");
writeFileSync("vulkan.tar", brotliDecompressSync(readFileSync("node_modules/@sparticuz/chromium/bin/swiftshader.tar.br")));
'
mkdir vulkan
tar -xf vulkan.tar -C vulkan
cat >compare.cjs <<'JS'
const { InferenceSession, Tensor } = require("onnxruntime-node");

const numbers = (count, seed) => Float32Array.from({ length: count }, (_, at) => Math.sin((at + 1) * seed));
const tensor = (dims, seed) => new Tensor("float32", numbers(dims.reduce((a, b) => a * b), seed), dims);
const answer = async (file, provider, inputs) => {
  const session = await InferenceSession.create(file, { executionProviders: [provider], logSeverityLevel: 4 });
  const { y } = await session.run(inputs);
  return y.getData();
};

(async () => {
  for (const [channels, out] of [...[3, 4, 6, 7, 8, 9, 10, 12, 15, 18].map((c) => [c, 8]), [6, 10], [9, 320]]) {
    const inputs = { x: tensor([1, channels, 8, 8], 1.7), w: tensor([out, channels, 3, 3], 2.3) };
    const cpu = await answer(`${channels}-${out}.onnx`, "cpu", inputs);
    const gpu = await answer(`${channels}-${out}.onnx`, "webgpu", inputs);
    const apart = Math.max(...cpu.map((value, at) => Math.abs(value - gpu[at])));
    const largest = Math.max(...cpu.map(Math.abs));
    console.log(channels, "to", out, apart < 1e-4 * largest ? "right" : "wrong", apart > largest / 10 ? "(far off)" : "");
  }
})();
JS
vulkan=$(dirname "$(find "$folder/vulkan" -name vk_swiftshader_icd.json)")
seen=$(VK_ICD_FILENAMES="$vulkan/vk_swiftshader_icd.json" LD_LIBRARY_PATH="$vulkan" node compare.cjs | sed 's/ *$//')
expected='3 to 8 right
4 to 8 right
6 to 8 wrong (far off)
7 to 8 right
8 to 8 right
9 to 8 wrong (far off)
10 to 8 right
12 to 8 right
15 to 8 wrong (far off)
18 to 8 wrong (far off)
6 to 10 right
9 to 320 wrong (far off)'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
