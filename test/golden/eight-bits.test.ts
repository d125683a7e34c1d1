import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph, type Value } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { type ConvOptions, conv2d } from "#/graph/ops/conv2d.ts";
import { gatedFeedForward, geglu, linear } from "#/graph/ops/linear.ts";
import { processorFeatures } from "#/lib/processor-features.ts";
import { multipliesEightBits } from "#/runtime/processor.ts";
import { Session } from "#/runtime/session.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { codedWeights } from "#/weights/derived/coded-weights.ts";
import type { CodedWeights } from "#/weights/eight-bits.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { goldenPath, goldenTensors } from "../support/golden.ts";

/** Layers in 8 bits against numpy's whole numbers (scripts/golden/eight_bits.py). */
setDefaultTimeout(60_000);

const exact = multipliesEightBits(processorFeatures()) !== false;
const why = exact ? "" : " (skipped: this processor adds products of 8 bits in 16)";
/**
 * The sums are exact; their scales are multiplied in another order. A code at the edge between two may fall to either side, and
 * moves an answer by one of them.
 */
const tolerance = 1e-5;

/** Where what is coded was itself computed some codes do fall to the other side: of 128 of them one moves an answer by so much at most. */
const moved = 5e-3;

const golden = goldenTensors("eight-bits.safetensors");
const file = readSafetensors(goldenPath("eight-bits.safetensors"));
const folder = mkdtempSync(join(tmpdir(), "eight-bits-"));
afterAll(() => rmSync(folder, { recursive: true }));

const coded = await written(["linear", "geglu", "second", "conv", "point"]);

async function written(modules: readonly string[]): Promise<CodedWeights> {
  const weights = modules.map((module) => ({
    module,
    ref: file.tensors.get(`${module}.weight`)!,
    parts: module === "geglu" ? 4 : 1,
  }));
  const derived = codedWeights(weights, file);
  const path = join(folder, "coded.safetensors");
  await derived.write(path);
  return derived.read(path)!;
}

const named = ({ dims: [, second, ...sides] }: Tensor) =>
  sides.length === 0 ? ["R", second!] : ["N", second!, "h", "w"];

async function run(
  input: Tensor,
  draw: (m: Module, x: Value) => Value,
  names: readonly (number | string)[] = named(input),
): Promise<Tensor> {
  const g = new Graph({ operators: operators.cpu });
  const source = { ...weightSource("golden", file.tensors), coded };
  g.output("y", draw(new Module(g, source), g.input("x", "float32", names)));
  const session = await Session.open(g, { device: "cpu", weights: "in-place", threads: 1 });
  try {
    return (await session.run({ x: input }))["y"]!;
  } finally {
    await session.release();
  }
}

/** The largest difference in a row or a picture, relative to the largest value there, which another one may be far above. */
function apart(found: Tensor, expected: Tensor): number {
  expect(found.dims).toEqual(expected.dims);
  const length = expected.data.length / expected.dims[0]!;
  return Math.max(
    ...Array.from({ length: expected.dims[0]! }, (_, row) => {
      const [a, b] = [found, expected].map(({ data }) => data.subarray(row * length, (row + 1) * length));
      const largest = b!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      return a!.reduce((most, value, at) => Math.max(most, Math.abs(value - b![at]!)), 0) / largest;
    }),
  );
}

const conv = (options: ConvOptions) => (m: Module, x: Value) => conv2d(m.at("conv"), x, options);

describe(`layers in 8 bits${why}`, () => {
  test.skipIf(!exact)("rows, each by its own largest value", async () => {
    const y = await run(golden("rows"), (m, x) => linear(m.at("linear"), x));
    expect(apart(y, golden("linear.answer"))).toBeLessThan(tolerance);
  });

  test.skipIf(!exact)("the two halves of a gated projection, part by part", async () => {
    const y = await run(golden("rows"), (m, x) => geglu(m.at("geglu"), x));
    expect(apart(y, golden("geglu.answer"))).toBeLessThan(tolerance);
  });

  test.skipIf(!exact)("a feed-forward whose middle is never whole", async () => {
    const y = await run(golden("rows"), (m, x) => gatedFeedForward(m.at("geglu"), m.at("second"), x));
    expect(apart(y, golden("second.answer"))).toBeLessThan(moved);
    const whole = await run(golden("rows"), (m, x) => linear(m.at("second"), geglu(m.at("geglu"), x)));
    expect(y.data).toEqual(whole.data);
  });

  for (const [name, draw] of [
    ["conv", conv({})],
    ["down", conv({ stride: 2, padding: 1 })],
    ["uneven", conv({ stride: 2, padding: [0, 0, 1, 1] })],
    ["point", (m: Module, x: Value) => conv2d(m.at("point"), x)],
  ] as const)
    test.skipIf(!exact)(`features of two pictures, each by its own range: ${name}`, async () => {
      const y = await run(golden("features"), draw);
      expect(apart(y, golden(`${name}.answer`))).toBeLessThan(tolerance);
    });

  test("in strips features are what they are in one piece, also where they have fewer pixels than there are strips", async () => {
    const whole = golden("features");
    for (const sides of [
      [9, 12],
      [2, 3],
      [1, 1],
    ]) {
      const dims = [2, 16, ...sides];
      const x = {
        dims,
        data: whole.data.slice(
          0,
          dims.reduce((product, n) => product * n, 1),
        ),
      };
      for (const options of [{}, { stride: 2, padding: 1 }]) {
        const strips = await run(x, conv(options));
        expect(strips).toEqual(await run(x, conv(options), dims));
      }
    }
  });

  test.skipIf(!exact)("a picture is the same alone and in a batch, to the bit", async () => {
    const both = golden("features");
    const half = both.data.length / 2;
    const batch = await run(both, conv({}));
    for (const at of [0, 1]) {
      const one = await run(
        { dims: [1, ...both.dims.slice(1)], data: both.data.slice(at * half, (at + 1) * half) },
        conv({}),
      );
      const length = one.data.length;
      expect([...batch.data.slice(at * length, (at + 1) * length)]).toEqual([...one.data]);
    }
  });

  test("what is no number stays none, wherever it stands in a row or a picture", async () => {
    for (const at of [0, 1, 95]) {
      const rows = { ...golden("rows"), data: golden("rows").data.slice() };
      rows.data[96 + at] = Number.NaN;
      const { data } = await run(rows, (m, x) => linear(m.at("linear"), x));
      expect([data.slice(0, 80).some(Number.isNaN), data.slice(80, 160).every(Number.isNaN)]).toEqual([
        false,
        true,
      ]);
      const features = { ...golden("features"), data: golden("features").data.slice() };
      features.data[at] = Number.NaN;
      const answer = await run(features, conv({}));
      const half = answer.data.length / 2;
      expect(answer.data.slice(0, half).every(Number.isNaN)).toBe(true);
      expect(answer.data.slice(half).some(Number.isNaN)).toBe(false);
    }
  });
});
