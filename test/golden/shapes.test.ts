import { afterAll, expect, test } from "bun:test";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { encode } from "#/graph/encode.ts";
import type { Graph, Value } from "#/graph/graph.ts";
import { weightSource } from "#/graph/module.ts";
import { type Operators, operators } from "#/graph/operators.ts";
import { type NetworkName, networks } from "#/networks/index.ts";
import type { Features } from "#/networks/network.ts";
import { commonFolder } from "#/runtime/session.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import type { JoinedLoras } from "#/weights/derived/joined-loras.ts";
import { towerSource } from "#/weights/layouts/clip-vision.ts";
import { controlSource } from "#/weights/layouts/controlnet.ts";
import { faceDetectorSource } from "#/weights/layouts/face-detector.ts";
import { gpt2Tensors } from "#/weights/layouts/gpt2.ts";
import { detectorSource } from "#/weights/layouts/grounding-dino.ts";
import { inpaintHeadSource } from "#/weights/layouts/inpaint-head.ts";
import { adapterSource } from "#/weights/layouts/ip-adapter.ts";
import { locatePart, type PartSource } from "#/weights/layouts/part-source.ts";
import { safetySource } from "#/weights/layouts/safety-checker.ts";
import { samSource } from "#/weights/layouts/sam.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { upscalerTensors } from "#/weights/layouts/upscaler.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { expandContribOperators } from "../support/contrib-definitions.ts";
import { evaluateDimension } from "../support/evaluate-dimension.ts";
import { expansionModel } from "../support/expansion-files.ts";
import { goldenPath, tinyCheckpoint, tinySafety } from "../support/golden.ts";
import { joinLoras } from "../support/join-loras.ts";
import { packedModel } from "../support/packed-model.ts";
import { upscalerFile } from "../support/upscaler-file.ts";

/**
 * The shapes that drawing declares against those that a run has: every edge of every network becomes an output of its
 * graph. A shape that is wrong is worse than none, since the runtime gives edges of one shape the same memory.
 */
const checkpoint = sdxlCheckpoint(readSafetensors(await tinyCheckpoint()));
const loras = ["tiny-lora-sgm.safetensors", "tiny-lora-diffusers.safetensors"].map((name, index) =>
  readLora(goldenPath(name), checkpoint, index),
);

const joined = {
  unet: await joinLoras(
    loras.map(({ unet }) => unet),
    checkpoint.unet,
  ),
  textL: await joinLoras(
    loras.map(({ textL }) => textL),
    checkpoint.textL,
  ),
  textG: await joinLoras(
    loras.map(({ textG }) => textG),
    checkpoint.textG,
  ),
};
afterAll(() => {
  for (const { remove } of Object.values(joined)) remove();
});

const upscaler = upscalerTensors(openWeights(upscalerFile("old-plus.pth")));

type Part = Readonly<{
  tensors: WeightMap;
  loras?: JoinedLoras;
  sizes: readonly Readonly<Record<string, number>>[];
}>;

const located = (source: PartSource, path: string): WeightMap =>
  locatePart(source, checkpoint, openWeights(path)).tensors;

const pictures = [
  { N: 1, h: 8, w: 12 },
  { N: 2, h: 7, w: 5 },
];
/** How often each answer of a ControlNet is halved, and its channels. */
const controlAnswers = [
  [0, 32],
  [0, 32],
  [0, 32],
  [1, 32],
  [1, 64],
  [1, 64],
  [2, 64],
  [2, 128],
  [2, 128],
  [2, 128],
] as const;
/** What ControlNets answer for a latent of this size. */
const controlSizes = (h: number, w: number): Record<string, number> =>
  Object.fromEntries(
    controlAnswers.flatMap(([halved, channels], place) => [
      [`control_${place}_c`, channels],
      [`control_${place}_h`, Math.ceil(h / 2 ** halved)],
      [`control_${place}_w`, Math.ceil(w / 2 ** halved)],
    ]),
  );
/** The single zero of a call that none guides. */
const unguided = Object.fromEntries(
  controlAnswers.flatMap((_, place) => ["c", "h", "w"].map((dim) => [`control_${place}_${dim}`, 1] as const)),
);

const sam = located(samSource, packedModel("sam-tiny.safetensors"));

const parts: Readonly<Record<NetworkName, Part>> = {
  unet: {
    tensors: checkpoint.unet,
    loras: joined.unet.loras,
    sizes: [
      { N: 1, T: 77, h: 8, w: 12, image_i: 1, image_t: 4, ...controlSizes(8, 12) },
      { N: 2, T: 154, h: 7, w: 5, image_i: 1, image_t: 1, ...unguided },
      { N: 1, T: 77, h: 9, w: 13, image_i: 3, image_t: 16, ...controlSizes(9, 13) },
      { N: 2, T: 77, h: 1, w: 3, image_i: 2, image_t: 5, ...controlSizes(1, 3) },
    ],
  },
  "text-keys": {
    tensors: checkpoint.unet,
    loras: joined.unet.loras,
    sizes: [{ T: 77 }, { T: 231 }],
  },
  "text-l": {
    tensors: checkpoint.textL,
    loras: joined.textL.loras,
    sizes: [{ N: 1 }, { N: 2 }],
  },
  "text-g": {
    tensors: checkpoint.textG,
    loras: joined.textG.loras,
    sizes: [{ N: 1 }, { N: 2 }],
  },
  "text-l-vectors": {
    tensors: checkpoint.textL,
    loras: joined.textL.loras,
    sizes: [
      { N: 1, V: 3 },
      { N: 2, V: 1 },
    ],
  },
  "text-g-vectors": { tensors: checkpoint.textG, sizes: [{ N: 1, V: 3 }] },
  gpt2: {
    tensors: gpt2Tensors(openWeights(await expansionModel())),
    sizes: [
      { n: 5, p: 0, C: 7 },
      { n: 1, p: 5, C: 3 },
    ],
  },
  "rrdb-features": {
    tensors: upscaler.tensors,
    sizes: pictures,
  },
  "rrdb-pixels": { tensors: upscaler.tensors, sizes: pictures },
  "safety-checker": { tensors: located(safetySource, await tinySafety()), sizes: [{}] },
  "inpaint-head": {
    tensors: located(inpaintHeadSource, goldenPath("inpaint-head.pth")),
    sizes: pictures,
  },
  controlnet: {
    tensors: located(controlSource, packedModel("control-ldm.safetensors")),
    loras: joined.unet.loras,
    sizes: [
      { N: 1, T: 77, h: 8, w: 12 },
      { N: 2, T: 154, h: 7, w: 5 },
    ],
  },
  "control-text-keys": {
    tensors: located(controlSource, packedModel("control-ldm.safetensors")),
    loras: joined.unet.loras,
    sizes: [{ T: 77 }, { T: 231 }],
  },
  "control-hint": {
    tensors: located(controlSource, packedModel("control-ldm.safetensors")),
    sizes: [
      { H: 64, W: 96 },
      { H: 61, W: 43 },
    ],
  },
  "vision-tokens": {
    tensors: located(towerSource, packedModel("vision-open-clip.safetensors")),
    sizes: [{}],
  },
  "vision-vector": {
    tensors: located(towerSource, packedModel("vision-transformers.safetensors")),
    sizes: [{}],
  },
  "image-tokens": {
    tensors: located(adapterSource, packedModel("adapter-plus.safetensors")),
    sizes: [{ P: 257 }, { P: 1 }],
  },
  "image-keys": {
    tensors: located(adapterSource, packedModel("adapter-plain.safetensors")),
    sizes: [{ T: 4 }, { T: 16 }],
  },
  "sam-image-encoder": { tensors: sam, sizes: [{}] },
  "sam-mask-decoder": { tensors: sam, sizes: [{ N: 1 }, { N: 3 }] },
  retinaface: {
    tensors: located(faceDetectorSource, packedModel("face-f32.safetensors")),
    sizes: [
      { h: 64, w: 96 },
      { h: 61, w: 33 },
      { h: 1, w: 3 },
    ],
  },
  "grounding-dino": {
    tensors: located(detectorSource, packedModel("detector-tiny.safetensors")),
    sizes: [
      { h: 21, w: 29, T: 5 },
      { h: 10, w: 40, T: 1 },
    ],
  },
  "vae-decoder": { tensors: checkpoint.vae, sizes: pictures },
  "vae-encoder": {
    tensors: checkpoint.vae,
    sizes: [
      { N: 1, h: 8, w: 12 },
      { N: 2, h: 5, w: 3 },
    ],
  },
};

/** Tables in float32: Bun cannot fetch halves. CUDA's own operators are replaced by their definitions. */
const tables: Readonly<Record<string, Operators>> = {
  cpu: operators.cpu,
  webgpu: operators.webgpu,
  cuda: { ...operators.cuda, compute: "float32" },
};

/** Networks that are short, and edges that they have more than. */
const small: Partial<Readonly<Record<NetworkName, number>>> = {
  "inpaint-head": 2,
  "rrdb-pixels": 10,
  "control-hint": 10,
  "image-keys": 34,
};

/** Types of tensors that the runtime's binding knows as outputs. */
const fetchable = new Set(["float32", "int64", "uint8"]);

const draw = (
  name: NetworkName,
  table: Operators,
  withLoras: boolean,
  features: Features = { clipSkip: 2 },
): Graph => {
  const { tensors, loras: all } = parts[name];
  const source = weightSource("tiny", tensors, withLoras ? all : undefined);
  return networks[name].draw(source, table, features);
};

/** What a run gives for all edges that were drawn. */
async function runAll(
  graph: Graph,
  edges: readonly Value[],
  sizes: readonly Readonly<Record<string, number>>[],
) {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  graph.outputs.push(...edges.filter(({ name }) => !outputs.has(name)));
  const folder = commonFolder([...graph.weights.values()].map(({ ref }) => ref.path));
  const session = await InferenceSession.create(encode(graph, { folder, inPlace: true }), {
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  });
  const runs = [];
  for (const names of sizes) {
    const feeds = graph.inputs.map(({ name, type, dims }) => {
      const shape = dims.map((dim) => evaluateDimension(dim, names));
      const count = shape.reduce((product, n) => product * n, 1);
      const data = type === "int64" ? new BigInt64Array(count) : new Float32Array(count).fill(0.5);
      return [name, new OrtTensor(type as "float32" | "int64", data, shape)] as const;
    });
    runs.push({ names, results: await session.run(Object.fromEntries(feeds)) });
  }
  await session.release();
  return runs;
}

for (const [provider, table] of Object.entries(tables)) {
  for (const name of Object.keys(parts) as NetworkName[]) {
    for (const withLoras of parts[name].loras === undefined ? [false] : [false, true]) {
      test(`${name} for ${provider}, ${withLoras ? "two LoRAs, FreeU, keys of the text, an inpaint head, ControlNets and image prompts" : "no LoRA"}: every edge has the shape it declares`, async () => {
        const graph = draw(name, table, withLoras, {
          clipSkip: 2,
          freeU: withLoras,
          textKeys: withLoras,
          inpaint: withLoras,
          controlnet: withLoras,
          ip_adapter: withLoras,
        });
        const edges = [...graph.edges.values()].filter(({ type }) => fetchable.has(type));
        // The others are rows of a table before their cast, and that has the same shape; GPT-2 looks up three times.
        expect(graph.edges.size - edges.length).toBeLessThan(4);
        const wrong: string[] = [];
        const runs = await runAll(expandContribOperators(graph), edges, parts[name].sizes);
        for (const { names, results } of runs) {
          for (const { name: edge, dims, elements } of edges) {
            const found = results[edge];
            const declared = dims.map((dim) => evaluateDimension(dim, names));
            if (found?.dims.join() !== declared.join())
              wrong.push(`${edge} [${dims.join()}]: [${found?.dims.join()}]`);
            if (elements === undefined) continue;
            const known = elements.map((dim) => (dim === -1 ? -1 : evaluateDimension(dim, names)));
            if (String(found?.data) !== known.join())
              wrong.push(`${edge} {${elements.join()}}: {${String(found?.data)}}`);
          }
        }
        expect(wrong).toEqual([]);
        expect(edges.length).toBeGreaterThan(small[name] ?? 50);
      });
    }
  }
}

test("every edge of every graph has a shape, of every table and for every clip skip", () => {
  for (const table of Object.values(operators)) {
    for (const name of Object.keys(parts) as NetworkName[]) {
      for (const clipSkip of [1, 2, 12]) {
        const graph = draw(name, table, true, { clipSkip, freeU: clipSkip === 12 });
        const known = new Set([...graph.edges.keys(), ...graph.weights.keys(), ...graph.constants.keys()]);
        for (const { name: input } of graph.inputs) known.add(input);
        const nodes = [...graph.casts, ...graph.nodes];
        const used = nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
        expect(used.filter((edge) => edge !== "" && !known.has(edge))).toEqual([]);
        expect(graph.edges.size).toBe(nodes.reduce((sum, { outputs }) => sum + outputs.length, 0));
      }
    }
  }
});

test("the UNet answers in the size it was asked in, and each size on the way is one expression", () => {
  const graph = draw("unet", operators.cpu, false);
  expect(graph.outputs.map(({ dims }) => dims)).toEqual([["N", 4, "h", "w"]]);
  // Those of convolutions in tiles are counted in tiles.
  const heights = new Set(
    [...graph.edges.values()]
      .filter(({ name, dims }) => /^(Add|Concat|QuickGelu)_/.test(name) && dims.length === 4)
      .map(({ dims }) => dims[2]),
  );
  expect([...heights].filter((height) => typeof height === "string").toSorted()).toEqual([
    "ceil(h/2)",
    "ceil(h/4)",
    "h",
  ]);
});
