import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { type Operators, operators } from "#/graph/operators.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { geglu } from "#/graph/ops/linear.ts";
import { groupNorm } from "#/graph/ops/norm.ts";
import { networks } from "#/networks/index.ts";
import { Session } from "#/runtime/session.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import type { LoraBranches } from "#/weights/lora/lora.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { readSafetensors, type WeightRef } from "#/weights/safetensors.ts";
import { expandContribOperators } from "../support/contrib-definitions.ts";
import { goldenPath, goldenTensors, relativeError, tinyCheckpoint } from "../support/golden.ts";
import { joinLoras } from "../support/join-loras.ts";
import { headerOf, sdxlBase, sdxlShapes } from "../support/sdxl-layout.ts";

/**
 * CUDA's choice of operators without a GPU: the runtime accepts the graphs up to the look for kernels, and they compute the
 * right thing where each operator does what its documentation says. What the kernels make of it, a GPU must tell.
 */
const golden = goldenTensors("networks.safetensors");
const checkpoint = sdxlCheckpoint(readSafetensors(await tinyCheckpoint()));
const options = { provider: "cpu", weights: "in-place", threads: 1 } as const;
const folder = mkdtempSync(join(tmpdir(), "cuda-operators-"));
afterAll(() => rmSync(folder, { recursive: true }));

const loras = [
  { name: "tiny-lora-sgm.safetensors", weight: 0.7 },
  { name: "tiny-lora-diffusers.safetensors", weight: -0.4 },
] as const;

async function run(graph: Graph, inputs: Readonly<Record<string, Tensor>>, output: string): Promise<Tensor> {
  const session = await Session.open(graph, options);
  const found = (await session.run(inputs))[output];
  await session.release();
  if (found === undefined) throw new Error(`${output} was not answered`);
  return found;
}

const scalar = (value: number): Tensor => ({ dims: [1], data: Float32Array.of(value) });

// A half has 11 bits: a sum of many products is off by about 1e-3 of its size, and a whole network by some times that.
test("the UNet in float16 with LoRAs comes close to float32's answer", async () => {
  const set = loras.map(({ name }, i): LoraBranches => readLora(goldenPath(name), checkpoint, i).unet);
  const joined = await joinLoras(set, checkpoint.unet);
  const graph = networks.unet.draw(weightSource("tiny", checkpoint.unet, joined.loras), operators.cuda);
  const inputs = {
    sample: golden("unet-odd.sample"),
    timestep: scalar(499),
    context: golden("unet-odd.context"),
    y: golden("unet-odd.y"),
    lora_strengths: { dims: [2], data: Float32Array.from(loras, ({ weight }) => weight) },
  };
  const half = await run(expandContribOperators(graph), inputs, "prediction");
  joined.remove();
  const error = relativeError(half, golden("unet-lora.prediction"));
  expect(error).toBeLessThan(2e-2);
  expect(error).toBeGreaterThan(1e-4); // or it was not computed in float16
});

test("the runtime accepts the whole UNet but for the kernels that only CUDA has", async () => {
  const graph = networks.unet.draw(weightSource("tiny", checkpoint.unet), operators.cuda);
  await expect(Session.open(graph, options)).rejects.toThrow("Failed to find kernel for com.microsoft.");
});

test("the VAE stays exact in float32, both ways", async () => {
  const source = weightSource("tiny", checkpoint.vae);
  const decoder = expandContribOperators(networks["vae-decoder"].draw(source, operators.cuda));
  const image = await run(decoder, { latent: golden("vae.latent") }, "image");
  expect(relativeError(image, golden("vae.image"))).toBeLessThan(1e-4);
  const encoder = expandContribOperators(networks["vae-encoder"].draw(source, operators.cuda));
  const mean = await run(encoder, { image: golden("vae.picture") }, "latent");
  expect(relativeError(mean, golden("vae.mean"))).toBeLessThan(1e-4);
});

/** Tensors of float32 in a file, by name. */
function tensors(shapes: Readonly<Record<string, readonly number[]>>): ReadonlyMap<string, WeightRef> {
  const refs = new Map<string, WeightRef>();
  for (const [key, shape] of Object.entries(shapes)) {
    const count = shape.reduce((product, n) => product * n, 1);
    const path = join(folder, `${key}-${shape.join("x")}`);
    writeFileSync(
      path,
      Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) / 4),
    );
    refs.set(key, { path, key, dtype: "F32", shape, offset: 0, length: 4 * count });
  }
  return refs;
}

type Single = Readonly<{
  shapes: Readonly<Record<string, readonly number[]>>;
  input: readonly number[];
  output: readonly (string | number)[];
  draw: (m: Module, g: Graph) => ReturnType<typeof conv2d>;
}>;

const x = (g: Graph, dims: readonly (string | number)[]) => g.computing(g.input("x", "float32", dims));

/** One operator of the table each. */
const singles: Readonly<Record<string, Single>> = {
  NhwcConv: {
    shapes: { weight: [6, 4, 3, 3], bias: [6] },
    input: [1, 4, 5, 7],
    output: ["N", 6, "ceil(H/2)", "ceil(W/2)"],
    draw: (m, g) => conv2d(m, x(g, ["N", 4, "H", "W"]), { stride: 2 }),
  },
  GroupNorm: {
    shapes: { weight: [64], bias: [64] },
    input: [1, 64, 3, 5],
    output: ["N", 64, "H", "W"],
    draw: (m, g) => groupNorm(m, x(g, ["N", 64, "H", "W"]), { epsilon: 1e-5, activation: "silu" }),
  },
  BiasSplitGelu: {
    shapes: { weight: [2560, 8], bias: [2560] },
    input: [3, 8],
    output: ["R", 1280],
    draw: (m, g) => geglu(m, x(g, ["R", 8])),
  },
};

for (const [op, { shapes, input, output, draw }] of Object.entries(singles)) {
  const drawn = (table: Operators): Graph => {
    const g = new Graph({ operators: table });
    g.output("y", draw(new Module(g, weightSource("single", tensors(shapes))), g));
    return g;
  };
  test(`${op} alone: every table gives the same shape`, () => {
    for (const table of Object.values(operators)) expect(drawn(table).outputs[0]?.dims).toEqual(output);
  });

  const count = input.reduce((product, n) => product * n, 1);
  const data = Float32Array.from({ length: count }, (_, i) => Math.cos(i * 78.233));

  test(`${op} alone: the schema is met, only the kernel is missing here`, async () => {
    await expect(Session.open(drawn(operators.cuda), options)).rejects.toThrow(
      `Failed to find kernel for com.microsoft.${op}(1)`,
    );
  });

  test(`${op} alone, from its definition: the same numbers as the CPU's choice`, async () => {
    const expected = await run(drawn(operators.cpu), { x: { dims: input, data } }, "y");
    const exact = expandContribOperators(drawn({ ...operators.cuda, compute: "float32" }));
    const found = await run(exact, { x: { dims: input, data } }, "y");
    expect(relativeError(found, expected)).toBeLessThan(1e-5);
  });
}

test("a graph that breaks a schema is refused for that, not for its kernel", async () => {
  const g = new Graph({ operators: operators.cuda });
  const rows = g.computing(g.input("x", "float32", ["R", 2560])); // two axes instead of three
  const y = g.node(
    "BiasSplitGelu",
    [rows, g.number([0], [1])],
    {},
    { dims: ["R", 1280], domain: "com.microsoft" },
  );
  g.output("y", y);
  await expect(Session.open(g, options)).rejects.toThrow("[ShapeInferenceError] input shall be 3 dimensions");
});

test("SDXL's UNet takes every operator of the table, in float16 with weights as they lie in the file", () => {
  const { unet } = sdxlCheckpoint(headerOf(sdxlShapes(sdxlBase), "/sd_xl_base_1.0.safetensors"));
  const graph = networks.unet.draw(weightSource("SDXL base", unet), operators.cuda);
  const count = (op: string): number => graph.nodes.filter((node) => node.op === op).length;
  const blocks = 70;
  expect({
    conv: count("Conv"),
    nhwcConv: count("NhwcConv"),
    groupNorm: count("GroupNorm"),
    instanceNorm: count("InstanceNormalization"),
    gelu: count("Gelu"),
    biasSplitGelu: count("BiasSplitGelu"),
    attention: count("MultiHeadAttention"),
  }).toEqual({
    conv: 0,
    nhwcConv: 51,
    groupNorm: 46,
    instanceNorm: 0,
    gelu: 0,
    biasSplitGelu: blocks,
    attention: 2 * blocks,
  });
  // Nothing is cast; only kernels beyond 1 x 1 are turned. The norms' scales and biases are float32, all else is not.
  expect(graph.casts.filter(({ op }) => op === "Cast").length).toBe(0);
  const types = Map.groupBy(graph.weights.values(), ({ type, inline }) => `${type}, inline: ${inline}`);
  expect([...types.keys()].toSorted()).toEqual([
    "float16, inline: false",
    "float16, inline: true",
    "float32, inline: true",
  ]);
  expect(types.get("float32, inline: true")?.length).toBe(2 * 46);
  expect(graph.casts.filter(({ op }) => op === "Transpose").length).toBe(40);
});
