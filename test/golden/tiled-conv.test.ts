import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dimension } from "#/graph/dimensions.ts";
import { Graph } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { type Operators, operators, operatorsOf } from "#/graph/operators.ts";
import { type ConvOptions, conv2d } from "#/graph/ops/conv2d.ts";
import { doubleNearest } from "#/graph/ops/resize.ts";
import { Session } from "#/runtime/session.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { noLoras } from "#/weights/derived/joined-loras.ts";
import type { DType } from "#/weights/dtype.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { relativeError } from "../support/golden.ts";

/**
 * Convolutions in tiles against the runtime's own in the same run. A tile's transforms lose about a decimal digit: 1.4e-6 of the answer's
 * deviation was measured on random numbers, where a plain sum has 0.2e-6; the largest of many differences is some times that.
 */
const tolerance = 1e-5;

const folder = mkdtempSync(join(tmpdir(), "tiled-conv-"));
afterAll(() => rmSync(folder, { recursive: true }));
const options = { device: "cpu", weights: "in-place", threads: 1 } as const;
const plain = operatorsOf("cpu", "packed");

/** Numbers without a pattern: transforms of a smooth function cancel out. */
function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const count = (dims: readonly number[]): number => dims.reduce((product, n) => product * n, 1);

function refOf(key: string, shape: readonly number[], dtype: DType = "F32"): WeightRef {
  const path = join(folder, `${key}-${shape.join("x")}-${dtype}`);
  const values = noise(count(shape), shape.length);
  const data = dtype === "F16" ? new Float16Array(values) : values;
  writeFileSync(path, data);
  return { path, key, dtype, shape, offset: 0, length: data.byteLength };
}

type Case = Readonly<{
  weight: readonly number[];
  /** What x is declared as, and the sizes that one session is run with. */
  dims: readonly Dimension[];
  sizes: readonly (readonly number[])[];
  options?: ConvOptions;
  dtype?: DType;
  doubled?: boolean;
}>;

const drawn = ({ weight, dims, options, dtype, doubled = false }: Case, table: Operators): Graph => {
  const g = new Graph({ operators: table });
  const [out = 1] = weight;
  const tensors = new Map([
    ["weight", refOf("weight", weight, dtype)],
    ["bias", refOf("bias", [out])],
  ]);
  const x = g.input("x", "float32", dims);
  g.output("y", conv2d(new Module(g, weightSource("one", tensors)), doubled ? doubleNearest(x) : x, options));
  return g;
};

const inTiles = (graph: Graph): boolean => graph.nodes.some(({ op }) => op === "FusedMatMul");

const any = ["N", 128, "h", "w"];
const inTilesCases: Readonly<Record<string, Case>> = {
  "sides of all remainders, one and several pictures": {
    weight: [128, 128, 3, 3],
    dims: any,
    sizes: [
      [1, 128, 8, 12],
      [1, 128, 9, 13],
      [2, 128, 10, 7],
      [3, 128, 11, 14],
      [1, 128, 1, 1],
      [2, 128, 4, 2],
    ],
  },
  "halves of a file": { weight: [128, 128, 3, 3], dims: any, sizes: [[1, 128, 6, 6]], dtype: "F16" },
  "other channels behind than before": {
    weight: [160, 192, 3, 3],
    dims: ["N", 192, "h", "w"],
    sizes: [[2, 192, 7, 5]],
  },
  "a kernel that is transformed part by part": {
    weight: [1024, 512, 3, 3],
    dims: ["N", 512, "h", "w"],
    sizes: [
      [1, 512, 5, 6],
      [2, 512, 4, 3],
    ],
  },
  "the same in halves": {
    weight: [768, 640, 3, 3],
    dims: ["N", 640, "h", "w"],
    sizes: [[1, 640, 3, 6]],
    dtype: "F16",
  },
  "rows that are read and not computed": {
    weight: [128, 128, 3, 3],
    dims: [1, 128, "R", "W"],
    sizes: [
      [1, 128, 10, 9],
      [1, 128, 7, 12],
      [1, 128, 3, 4],
    ],
    options: { padding: [0, 1, 0, 1] },
  },
  "no padding, and more than a row": {
    weight: [128, 128, 3, 3],
    dims: any,
    sizes: [[1, 128, 6, 9]],
    options: { padding: [0, 0, 0, 0] },
  },
  "a wide border": { weight: [128, 128, 3, 3], dims: any, sizes: [[1, 128, 5, 4]], options: { padding: 2 } },
  "sides that are known": { weight: [128, 128, 3, 3], dims: [1, 128, 18, 17], sizes: [[1, 128, 18, 17]] },
  "sides that are multiples of 8, in quarters": {
    weight: [128, 128, 3, 3],
    dims: ["N", 128, "8*h", "8*w"],
    sizes: [
      [1, 128, 8, 8],
      [2, 128, 16, 24],
      [1, 128, 40, 8],
    ],
  },
  "sides that are doubled": {
    weight: [128, 128, 3, 3],
    dims: any,
    sizes: [
      [1, 128, 3, 5],
      [2, 128, 4, 6],
    ],
    doubled: true,
  },
};

async function answers(graph: Graph, sizes: Case["sizes"]): Promise<readonly Tensor[]> {
  const session = await Session.open(graph, options);
  const found: Tensor[] = [];
  for (const dims of sizes) {
    const { y } = await session.run({ x: { dims, data: noise(count(dims), 7) } });
    if (y === undefined) throw new Error("nothing was answered");
    found.push(y);
  }
  await session.release();
  return found;
}

describe("a convolution in tiles is the runtime's own", () => {
  for (const [title, one] of Object.entries(inTilesCases))
    test(title, async () => {
      const [tiled, own] = [drawn(one, operators.cpu), drawn(one, plain)];
      expect([inTiles(tiled), inTiles(own)]).toEqual([true, false]);
      expect(tiled.outputs).toEqual(own.outputs);
      const expected = await answers(own, one.sizes);
      for (const [i, found] of (await answers(tiled, one.sizes)).entries()) {
        expect(found.dims).toEqual(expected[i]?.dims ?? []);
        expect(relativeError(found, expected[i]!)).toBeLessThan(tolerance);
      }
    });
});

describe("weights that are changed go the same way", () => {
  const strengths = { lora_strengths: [0.7], difference_strengths: [-0.4] };
  for (const [title, weight] of [
    ["in one", [256, 128, 3, 3]],
    ["part by part", [1024, 512, 3, 3]],
  ] as const)
    test(`a kernel that is transformed ${title}, by a LoRA's change and a difference`, async () => {
      const [out, input] = weight;
      const own = refOf("weight", weight, "F16");
      const product = { up: refOf("up", [out, 2]), down: refOf("down", [2, input * 9]) };
      const changes = new Map([["weight", [{ form: "product", owner: 0, parts: product } as const]]]);
      const loras = { ...noLoras, count: 1, changes };
      const tensors = new Map([["weight", [{ owner: 0, values: refOf("difference", weight) }]]]);
      const graph = (table: Operators): Graph => {
        const g = new Graph({ operators: table });
        const source = weightSource("one", new Map([["weight", own]]), loras, { count: 1, tensors });
        g.output("y", conv2d(new Module(g, source), g.input("x", "float32", ["N", input, "h", "w"])));
        return g;
      };
      const x = { dims: [1, input, 5, 6], data: noise(input * 30, 7) };
      const answer = async (g: Graph, factor: number): Promise<Tensor> => {
        const session = await Session.open(g, options);
        const fed = Object.entries(strengths).map(([name, list]) => [
          name,
          { dims: [1], data: Float32Array.from(list, (strength) => factor * strength) },
        ]);
        const { y } = await session.run({ x, ...Object.fromEntries(fed) });
        await session.release();
        if (y === undefined) throw new Error("nothing was answered");
        return y;
      };
      expect([inTiles(graph(operators.cpu)), inTiles(graph(plain))]).toEqual([true, false]);
      const changed = await answer(graph(plain), 1);
      expect(relativeError(await answer(graph(operators.cpu), 1), changed)).toBeLessThan(tolerance);
      expect(relativeError(await answer(graph(plain), 0), changed)).toBeGreaterThan(0.01);
    });
});

describe("where tiles do not pay, it is the runtime's own", () => {
  const elsewhere: Readonly<Record<string, readonly [Case, Operators]>> = {
    "few channels": [{ weight: [64, 128, 3, 3], dims: any, sizes: [] }, operators.cpu],
    "a kernel of one place": [{ weight: [128, 128, 1, 1], dims: any, sizes: [] }, operators.cpu],
    "a kernel of 5 x 5": [{ weight: [128, 128, 5, 5], dims: any, sizes: [] }, operators.cpu],
    "every second place": [
      { weight: [128, 128, 3, 3], dims: any, sizes: [], options: { stride: 2 } },
      operators.cpu,
    ],
    "few places": [{ weight: [128, 128, 3, 3], dims: [1, 128, 12, 16], sizes: [] }, operators.cpu],
    "an eighth of the latent": [
      { weight: [128, 128, 3, 3], dims: ["N", 128, "ceil(h/8)", "ceil(w/8)"], sizes: [] },
      operators.cpu,
    ],
    halves: [
      { weight: [128, 128, 3, 3], dims: any, sizes: [] },
      { ...operators.cpu, compute: "float16" },
    ],
    CUDA: [{ weight: [128, 128, 3, 3], dims: any, sizes: [] }, operators.cuda],
    WebGPU: [{ weight: [128, 128, 3, 3], dims: any, sizes: [] }, operators.webgpu],
    "copied weights": [{ weight: [128, 128, 3, 3], dims: any, sizes: [] }, plain],
  };
  for (const [title, [one, table]] of Object.entries(elsewhere))
    test(title, () => {
      const g = new Graph({ operators: table });
      const tensors = new Map([["weight", refOf("weight", one.weight)]]);
      const x = g.computing(g.input("x", "float32", one.dims));
      g.output("y", conv2d(new Module(g, weightSource("one", tensors)), x, one.options));
      expect(inTiles(g)).toBe(false);
    });
});
