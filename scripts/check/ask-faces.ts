/**
 * Faces by our own detection and alignment, for `real_faces.py`: reads a picture, RGB bytes [HEIGHT, WIDTH, 3], from a file; the
 * detector is a `.pth` as `models/controlnet` has it, or an ONNX file that answers boxes, scores and points for `input`. Writes the
 * crop's bytes, and beside them in CROP.json what was found, and in CROP.boxes, .scores and .points what a `.pth` answered.
 *
 *   bun scripts/check/ask-faces.ts DETECTOR RED WIDTH HEIGHT PICTURE CROP
 *
 * RED is what is subtracted from the last channel: 123, or what an ONNX file was trained with.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { operators } from "#/graph/operators.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { silentLog } from "#/lib/log.ts";
import { networks } from "#/networks/index.ts";
import { faceCrop } from "#/pipeline/controls/face-crop.ts";
import { askerOf } from "#/runtime/ask.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { decodeFaces } from "#/runtime/face-detector/decode-faces.ts";
import { centred } from "#/runtime/face-detector/detect-faces.ts";
import { distinct } from "#/runtime/face-detector/distinct.ts";
import type { Face, FaceDetector } from "#/runtime/face-detector/face.ts";
import { jobNetwork } from "#/runtime/job-network.ts";
import { Residency } from "#/runtime/residency.ts";
import { faceDetectorTensors } from "#/weights/layouts/face-detector.ts";
import { openWeights } from "#/weights/open-weights.ts";

const [path = "", red = "123", width = "0", height = "0", bytes = "", crop = ""] = process.argv.slice(2);
const picture: Pixmap = {
  width: Number(width),
  height: Number(height),
  data: new Uint8Array(readFileSync(bytes)),
};
const folder = mkdtempSync(join(tmpdir(), "fooocusd-faces-"));

async function onnxDetector(): Promise<FaceDetector> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1 });
  return async (shown) => {
    const input = centred(shown);
    const plane = shown.width * shown.height;
    for (let i = 2 * plane; i < 3 * plane; i += 1) input.data[i] = (input.data[i] ?? 0) + 123 - Number(red);
    const results = await session.run({ input: new OrtTensor("float32", input.data, input.dims) });
    const [boxes, scores, points] = session.outputNames.map((name) => {
      const { data, dims } = results[name] ?? {};
      if (!(data instanceof Float32Array) || dims === undefined) throw new Error(`${name} holds no numbers`);
      return { data, dims };
    });
    if (boxes === undefined || scores === undefined || points === undefined)
      throw new Error("it does not answer boxes, scores and points");
    return distinct(decodeFaces({ boxes, scores, points }, shown));
  };
}

function ownDetector(): FaceDetector {
  const residency = new Residency(
    { device: "cpu", weights: "in-place", threads: 1 },
    { bytes: 0 },
    silentLog,
  );
  const workshop = {
    operators: operators.cpu,
    residency,
    derived: new DerivedFiles({ folder, budget: 2 ** 30 }, silentLog),
  };
  const file = openWeights(path);
  const files = { loras: [], locate: () => ({ file, ...faceDetectorTensors(file) }) };
  const ask = askerOf((network) => jobNetwork(network, files, { clipSkip: 2 }, workshop), residency);
  return async (shown) => {
    const answer = await ask(networks.retinaface, { picture: centred(shown) });
    for (const name of networks.retinaface.outputs)
      writeFileSync(`${crop}.${name}`, new Uint8Array(answer[name].data.buffer));
    return distinct(decodeFaces(answer, shown));
  };
}

const detect = path.endsWith(".onnx") ? await onnxDetector() : ownDetector();
const asked: Readonly<{ width: number; height: number; ms: number; faces: readonly Face[] }>[] = [];
const told = await faceCrop(picture, async (shown) => {
  const start = performance.now();
  const faces = await detect(shown);
  asked.push({ width: shown.width, height: shown.height, ms: performance.now() - start, faces });
  return faces;
});
writeFileSync(crop, told.image.data);
const { image, ...found } = told;
const peak = process.resourceUsage().maxRSS;
writeFileSync(
  `${crop}.json`,
  JSON.stringify({ ...found, width: image.width, height: image.height, asked, peak }),
);
rmSync(folder, { recursive: true });
process.exit(0);
