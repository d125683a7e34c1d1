import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph, type Node } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { add } from "#/graph/ops/arithmetic.ts";
import { linear } from "#/graph/ops/linear.ts";
import { EngineError, ModelError } from "#/lib/errors.ts";
import { trimMemory } from "#/runtime/memory.ts";
import { commonFolder, Session } from "#/runtime/session.ts";
import type { Difference, Differences } from "#/weights/differences.ts";
import { type DType, dtypeBytes } from "#/weights/dtype.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

const folder = mkdtempSync(join(tmpdir(), "session-"));
afterAll(() => rmSync(folder, { recursive: true }));

const options = { device: "cpu", weights: "in-place", threads: 1 } as const;

/** A tensor at an odd offset of a file of its own. */
function tensor(path: string, dtype: DType, shape: readonly number[], bytes: Uint8Array): WeightRef {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, new Uint8Array([0xff, 0xff, 0xff, ...bytes]));
  const length = shape.reduce((product, n) => product * n, dtypeBytes[dtype]);
  return { path, key: "w", dtype, shape, offset: 3, length };
}

const one: readonly (readonly [DType, Uint8Array])[] = [
  ["F64", new Uint8Array(new Float64Array([1, -2, 0.5, 4]).buffer)],
  ["F32", new Uint8Array(new Float32Array([1, -2, 0.5, 4]).buffer)],
  ["F16", new Uint8Array(new Float16Array([1, -2, 0.5, 4]).buffer)],
  ["BF16", new Uint8Array(new Uint16Array([0x3f80, 0xc000, 0x3f00, 0x4080]).buffer)],
  ["F8_E4M3", new Uint8Array([0x38, 0xc0, 0x30, 0x48])],
  ["F8_E5M2", new Uint8Array([0x3c, 0xc0, 0x38, 0x44])],
];

for (const [dtype, bytes] of one) {
  for (const weights of ["in-place", "packed"] as const) {
    test(`vectors and matrices of type ${dtype} are read as numbers, ${weights}, at an odd place in their file`, async () => {
      const g = new Graph({ operators: operators.cpu });
      const x = g.input("x", "float32", [2, 4]);
      const path = join(folder, dtype);
      const vector = g.weight(tensor(path, dtype, [4], bytes));
      const matrix = g.weight(tensor(path, dtype, [1, 4], bytes));
      g.output("y", add(x, vector));
      g.output("z", add(x, matrix));
      const session = await Session.open(g, { ...options, weights });
      const { y, z } = await session.run({ x: { dims: [2, 4], data: new Float32Array(8) } });
      for (const found of [y, z]) expect([...found!.data]).toEqual([1, -2, 0.5, 4, 1, -2, 0.5, 4]);
      await session.release();
    });
  }
}

test("weights of one graph may lie in many folders, under any name", async () => {
  const bytes = new Uint8Array(new Float32Array([1, 2]).buffer);
  const names = [
    "check points/m.safetensors",
    "löras/图 #1%20 'x'/…/a..b.safetensors",
    "loras/..c/-n.bin",
    "plain",
  ];
  const g = new Graph({ operators: operators.cpu });
  const x = g.input("x", "float32", [1, 2]);
  const sum = names.reduce(
    (y, name) => add(y, g.weight(tensor(join(folder, name), "F32", [1, 2], bytes))),
    x,
  );
  g.output("y", sum);
  const session = await Session.open(g, options);
  const { y } = await session.run({ x: { dims: [1, 2], data: new Float32Array(2) } });
  expect([...y!.data]).toEqual([names.length, 2 * names.length]);
  await session.release();
});

test("the folder of several files is the deepest that holds them all", () => {
  expect(commonFolder(["/a/b/c/x", "/a/b/d/y"])).toBe("/a/b");
  expect(commonFolder(["/a/b/x"])).toBe("/a/b");
  expect(commonFolder(["/a/x", "/b/y"])).toBe("/");
  expect(commonFolder(["/ab/x", "/a/y"])).toBe("/");
  expect(commonFolder([])).toBe("/");
});

test("a file that ends early and a wrong input are errors in words, and the process lives on", async () => {
  const whole = tensor(join(folder, "short"), "F32", [2], new Uint8Array(8));
  for (const [shape, kind] of [
    [[10, 100], EngineError], // mapped by the runtime
    [[1000], ModelError], // read by us
  ] as const) {
    const g = new Graph({ operators: operators.cpu });
    g.output(
      "y",
      add(
        g.input("x", "float32", ["N", ...Array<number>(shape.length).fill(1)]),
        g.weight({ ...whole, shape, length: 4000 }),
      ),
    );
    await expect(Session.open(g, options)).rejects.toBeInstanceOf(kind);
  }

  const h = new Graph({ operators: operators.cpu });
  h.output("y", add(h.input("x", "float32", ["N"]), h.number([1])));
  const session = await Session.open(h, options);
  expect(session.run({ z: { dims: [1], data: new Float32Array(1) } })).rejects.toThrow("could not be run");
  await session.release();
});

const layers = 32;
const width = 1024;

/** A difference of float16 and one of 8 bits to each layer, over the same file. */
function bothDifferences(refs: readonly (readonly [string, WeightRef])[]): Differences {
  const range = { low: -1, high: 1 };
  const tensors = refs.map(([key, ref]): [string, Difference[]] => [
    key,
    [
      { owner: 0, values: ref },
      { owner: 0, values: { ...ref, key: `${key}.codes`, dtype: "U8", length: ref.length / 2 }, range },
    ],
  ]);
  return { count: 1, tensors: new Map(tensors) };
}

/** A chain of linear layers, 4 MB each as float32, over one file of float16. */
function chain(changed = false): Graph {
  const path = join(folder, "chain");
  const each = width * width * 2;
  writeFileSync(path, new Uint8Array(layers * each));
  const key = (i: number): string => `layers.${i}.weight`;
  const refs = Array.from({ length: layers }, (_, i): [string, WeightRef] => [
    key(i),
    { path, key: key(i), dtype: "F16", shape: [width, width], offset: i * each, length: each },
  ]);
  const g = new Graph({ operators: operators.cpu });
  const m = new Module(
    g,
    weightSource("chain", new Map(refs), undefined, changed ? bothDifferences(refs) : undefined),
  );
  let x = g.input("x", "float32", ["N", width]);
  for (let i = 0; i < layers; i += 1) x = linear(m.at("layers").at(i), x);
  g.output("y", x);
  return g;
}

/** Memory of this process that is no file's, in MB. */
function privateMemory(): number {
  const kilobytes = /RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kilobytes) / 1024;
}

/** What a session and one run of it add to the process. The runtime's arena keeps its peak until the release. */
async function growth(g: Graph): Promise<number> {
  trimMemory();
  const before = privateMemory();
  const session = await Session.open(g, options);
  const strengths = { dims: [1], data: Float32Array.of(1) };
  const changed = g.inputs.length > 1 ? { difference_strengths: strengths } : {};
  await session.run({ x: { dims: [1, width], data: new Float32Array(width) }, ...changed });
  const after = privateMemory();
  await session.release();
  return after - before;
}

test.if(process.platform === "linux")(
  "in place, one layer at a time is cast: a run never holds all weights as float32",
  async () => {
    const all = (layers * width * width * 4) / 2 ** 20; // 128 MB
    const drawn = chain();
    await growth(drawn); // the first session of a process pays for the runtime itself
    expect(await growth(drawn)).toBeLessThan(all / 3);

    // The same graph with each cast just before its consumer: the order that looks right and is not.
    const naive = chain();
    const casts = naive.casts.splice(0);
    const cast = (edge: string) => casts.filter(({ outputs }) => outputs.includes(edge));
    const nodes = naive.nodes.splice(0);
    naive.nodes.push(...nodes.flatMap((node) => [...node.inputs.flatMap(cast), node]));
    expect(await growth(naive)).toBeGreaterThan(all / 2); // or this test has gone blind
  },
);

test.if(process.platform === "linux")(
  "differences to weights are added one layer at a time too",
  async () => {
    const all = (layers * width * width * 4) / 2 ** 20;
    const peak = async (graph: Graph): Promise<number> => {
      Bun.gc(true); // what the test before left would be given back meanwhile
      await growth(graph); // the first session of a kind pays for the runtime itself
      return growth(graph);
    };
    expect(await peak(chain(true))).toBeLessThan(all / 3);

    // The same graph with each sum just before its consumer.
    const naive = chain(true);
    const casts = naive.casts.splice(0);
    const made = (edge: string): Node[] =>
      casts
        .filter(({ outputs }) => outputs.includes(edge))
        .flatMap((node) => [...node.inputs.flatMap(made), node]);
    const drawn = new Set<Node>();
    const once = (node: Node): readonly Node[] => (drawn.has(node) ? [] : (drawn.add(node), [node]));
    const nodes = naive.nodes.splice(0);
    naive.nodes.push(...nodes.flatMap((node) => [...node.inputs.flatMap(made).flatMap(once), node]));
    expect(await peak(naive)).toBeGreaterThan(all / 2); // or this test has gone blind
  },
);
