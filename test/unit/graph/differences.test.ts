import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph, type Value } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { embedding } from "#/graph/ops/embedding.ts";
import { geglu, linear } from "#/graph/ops/linear.ts";
import { groupNorm, layerNorm } from "#/graph/ops/norm.ts";
import { Session } from "#/runtime/session.ts";
import type { Difference, Differences } from "#/weights/differences.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { type StoredTensor, stored, writeTensors } from "../../support/write-safetensors.ts";

/**
 * A network with differences must compute what the same network computes on weights that were changed by plain
 * arithmetic, W + strength · D. Both are float32; they differ in the order of roundings, so by some last bits.
 */
const tolerance = 2e-6;

const folder = mkdtempSync(join(tmpdir(), "differences-"));
afterAll(() => rmSync(folder, { recursive: true }));

const wave = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(seed + i * 0.7));
const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

type Tensors = Readonly<Record<string, readonly number[]>>;
type Op = Readonly<{ shapes: Tensors; input: readonly number[]; draw: (m: Module, x: Value) => Value }>;

const ops: Readonly<Record<string, Op>> = {
  linear: { shapes: { weight: [6, 5], bias: [6] }, input: [3, 5], draw: linear },
  geglu: { shapes: { weight: [8, 5], bias: [8] }, input: [3, 5], draw: geglu },
  conv2d: {
    shapes: { weight: [4, 2, 3, 3], bias: [4] },
    input: [1, 2, 5, 4],
    draw: (m, x) => conv2d(m, x, { stride: 2 }),
  },
  pointwise: {
    shapes: { weight: [4, 2, 1, 1], bias: [4] },
    input: [1, 2, 3, 3],
    draw: (m, x) => conv2d(m, x),
  },
  groupNorm: {
    shapes: { weight: [4], bias: [4] },
    input: [1, 4, 3, 3],
    draw: (m, x) => groupNorm(m, x, { epsilon: 1e-5, groups: 2 }),
  },
  layerNorm: { shapes: { weight: [5], bias: [5] }, input: [3, 5], draw: layerNorm },
};

let files = 0;
function write(tensors: Readonly<Record<string, StoredTensor>>): ReadonlyMap<string, WeightRef> {
  files += 1;
  return readSafetensors(writeTensors(join(folder, `${files}.safetensors`), tensors)).tensors;
}

type Dtype = "F32" | "F16" | "BF16";
const base = ({ shapes }: Op, dtype: Dtype): ReadonlyMap<string, WeightRef> =>
  write(
    Object.fromEntries(
      Object.entries(shapes).map(([key, shape], n) => [
        `m.${key}`,
        stored(dtype, shape, wave(size(shape), n)),
      ]),
    ),
  );

/** A difference to every tensor of an operation. */
const floats = (op: Op, dtype: Dtype, owner: number): ReadonlyMap<string, Difference> => {
  const refs = write(
    Object.fromEntries(
      Object.entries(op.shapes).map(([key, shape], n) => [
        `m.${key}`,
        stored(dtype, shape, wave(size(shape), 10 + n + owner)),
      ]),
    ),
  );
  return new Map([...refs].map(([key, values]) => [key, { owner, values }]));
};

/** The same in 8 bits: a range for each row of a matrix, as float16, and one for a vector. */
const codes = (op: Op, owner: number): ReadonlyMap<string, Difference> => {
  const entries = Object.entries(op.shapes).flatMap(([key, shape], n) => {
    const bytes = Uint8Array.from({ length: size(shape) }, (_, i) => (i * 37 + n * 91 + 255 * (i % 2)) % 256);
    const rows = shape.length > 1 ? [shape[0] ?? 1, ...shape.slice(1).map(() => 1)] : [];
    return [
      [`m.${key}`, { dtype: "U8", shape, bytes }],
      [`m.${key}.low`, stored("F16", rows, wave(size(rows), 20 + n))],
      [`m.${key}.high`, stored("F16", rows, wave(size(rows), 30 + n))],
    ] as const;
  });
  const refs = write(Object.fromEntries(entries));
  return new Map(
    Object.keys(op.shapes).map((key, n) => {
      const at = (ending: string): WeightRef => refs.get(`m.${key}${ending}`)!;
      const low = n === 1 ? -0.125 : at(".low"); // numbers too
      return [`m.${key}`, { owner, values: at(""), range: { low, high: at(".high") } }];
    }),
  );
};

function differences(count: number, sets: readonly ReadonlyMap<string, Difference>[]): Differences {
  const tensors = new Map<string, Difference[]>();
  for (const set of sets)
    for (const [key, difference] of set) tensors.set(key, [...(tensors.get(key) ?? []), difference]);
  return { count, tensors };
}

/** D, from its definition. */
function valuesOf({ values, range }: Difference): number[] {
  const own = [...readWeight(values)];
  if (range === undefined) return own;
  const row = own.length / (values.shape[0] ?? 1);
  const at = (bound: number | WeightRef, i: number): number => {
    if (typeof bound === "number") return bound;
    const numbers = readWeight(bound);
    return numbers[numbers.length === 1 ? 0 : Math.floor(i / row)] ?? Number.NaN;
  };
  return own.map((q, i) => (q / 255) * (at(range.high, i) - at(range.low, i)) + at(range.low, i));
}

/** The same tensors with everything added. */
const merged = (
  tensors: ReadonlyMap<string, WeightRef>,
  { tensors: changes }: Differences,
  strengths: readonly number[],
): ReadonlyMap<string, WeightRef> =>
  write(
    Object.fromEntries(
      [...tensors].map(([key, ref]) => {
        const values = [...readWeight(ref)];
        for (const difference of changes.get(key) ?? [])
          for (const [i, value] of valuesOf(difference).entries())
            values[i] = (values[i] ?? 0) + (strengths[difference.owner] ?? 0) * value;
        return [key, stored("F32", ref.shape, values)];
      }),
    ),
  );

function draw(op: Op, tensors: ReadonlyMap<string, WeightRef>, changes?: Differences): Graph {
  const g = new Graph({ operators: operators.cpu });
  const m = new Module(g, weightSource("base", tensors, undefined, changes), "m");
  g.output("y", op.draw(m, g.input("x", "float32", op.input)));
  return g;
}

async function run(op: Op, graph: Graph, weights: "in-place" | "packed", strengths?: readonly number[]) {
  const session = await Session.open(graph, { device: "cpu", weights, threads: 1 });
  const x = { dims: op.input, data: Float32Array.from(wave(size(op.input), 50)) };
  const more =
    strengths === undefined
      ? {}
      : { difference_strengths: { dims: [strengths.length], data: Float32Array.from(strengths) } };
  const { y } = await session.run({ x, ...more });
  await session.release();
  return y!.data;
}

for (const [name, op] of Object.entries(ops)) {
  const kinds = [
    ["float32", "F32", [floats(op, "F32", 0)]],
    ["float16 on float16", "F16", [floats(op, "F16", 0)]],
    ["bfloat16 on float32", "F32", [floats(op, "BF16", 0)]],
    ["8-bit on float32", "F32", [codes(op, 0)]],
    ["8-bit and float on float16", "F16", [codes(op, 0), floats(op, "F32", 1)]],
    ["two of one strength", "F32", [floats(op, "F32", 0), floats(op, "F16", 0)]],
  ] as const;
  for (const [kind, dtype, sets] of kinds)
    test(`${name} with differences is ${name} of the changed weights: ${kind}`, async () => {
      const tensors = base(op, dtype);
      const changes = differences(2, sets);
      for (const weights of ["in-place", "packed"] as const)
        for (const strengths of [
          [0, 0],
          [1, -0.5],
          [-0.25, 2],
        ]) {
          const found = await run(op, draw(op, tensors, changes), weights, strengths);
          const expected = await run(op, draw(op, merged(tensors, changes, strengths)), "in-place");
          const largest = Math.max(...expected.map(Math.abs));
          const off =
            Math.max(...expected.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN)))) / largest;
          expect([weights, strengths, off < tolerance, off]).toEqual([weights, strengths, true, off]);
        }
    });
}

test("nothing is copied: matrices of differences stay in their file, and all is drawn before the nodes", () => {
  const op = ops["linear"]!;
  const graph = draw(op, base(op, "F16"), differences(2, [codes(op, 0), floats(op, "F16", 1)]));
  const mapped = [...graph.weights.values()].filter(({ inline }) => !inline);
  expect(mapped.map(({ type, dims }) => [type, dims])).toEqual([
    ["float16", [6, 5]],
    ["uint8", [6, 5]],
    ["float16", [6, 5]],
  ]);
  expect(graph.nodes.map(({ op: kind }) => kind)).toEqual(["Gemm", "Identity"]);
  expect(graph.casts.filter(({ op: kind }) => kind === "Gather")).toHaveLength(2);
  const plain = draw(op, base(op, "F16"));
  expect(plain.inputs.map(({ name }) => name)).toEqual(["x"]);
});

test("a difference that does not fit its tensor is refused with its file and key", () => {
  const op = ops["linear"]!;
  const tensors = base(op, "F32");
  const of = (key: string, tensor: StoredTensor, range?: Difference["range"]) => () => {
    const values = write({ d: tensor }).get("d")!;
    const difference = range === undefined ? { owner: 0, values } : { owner: 0, values, range };
    return draw(op, tensors, differences(1, [new Map([[key, difference]])]));
  };
  const bytes = { dtype: "U8", shape: [6, 5], bytes: new Uint8Array(30) } as const;
  expect(of("m.weight", stored("F32", [5, 5], wave(25, 0)))).toThrow(
    /^\d+\.safetensors: d has the shape \[5, 5\], the tensor m\.weight of base/,
  );
  expect(of("m.bias", stored("F32", [5], wave(5, 0)))).toThrow("has the shape [5]");
  expect(of("m.weight", bytes)).toThrow("is stored as U8; a weight is F64");
  expect(of("m.weight", stored("F32", [6, 5], wave(30, 0)), { low: 0, high: 1 })).toThrow(
    "is stored as F32 beside a range",
  );
  const bound = write({ b: stored("F32", [5, 1], wave(5, 0)) }).get("b")!;
  expect(of("m.weight", bytes, { low: bound, high: 1 })).toThrow(
    "b has the shape [5, 1], which does not stretch to [6, 5]",
  );
  const table = { shapes: { weight: [6, 5] }, input: [2], draw: embedding };
  const changes = differences(1, [floats(table, "F32", 0)]);
  expect(() => draw(table, base(table, "F32"), changes)).toThrow(
    "has a difference to its table, which is not read",
  );
});
