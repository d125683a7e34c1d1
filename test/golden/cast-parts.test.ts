import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Graph } from "#/graph/graph.ts";
import { operators, operatorsOf } from "#/graph/operators.ts";
import { castParts, product } from "#/graph/ops/cast-parts.ts";
import { Session } from "#/runtime/session.ts";
import type { DType } from "#/weights/dtype.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

const folder = mkdtempSync(join(tmpdir(), "cast-parts-"));
afterAll(() => rmSync(folder, { recursive: true }));

const noise = (count: number): Float32Array =>
  Float32Array.from({ length: count }, () => Math.random() - 0.5);

function refOf(shape: readonly [number, number], dtype: DType = "F16"): WeightRef {
  const path = join(folder, `${shape.join("x")}-${dtype}`);
  const data = new Float16Array(noise(shape[0] * shape[1]));
  writeFileSync(path, data);
  return { path, key: "weight", dtype, shape, offset: 0, length: data.byteLength };
}

test.each([
  [refOf([1280, 1280]), "77*N", 4],
  [refOf([5120, 1280]), "77*N", 16],
  [refOf([1280, 5120]), "77*N", 16],
  [refOf([192, 8192]), "77*N", 2],
  [refOf([64, 64]), "77*N", 1],
  [refOf([1280, 1280]), "N", 1],
  [refOf([1280, 1280]), "2*N", 1],
  [refOf([1280, 1280]), 257, 1],
  [refOf([1280, 1280]), "N*h*w", 1],
  [{ ...refOf([1280, 1280]), dtype: "F32" }, "77*N", 1],
] as const)("%p with %p rows is cast in %p parts", ({ ...weight }, rows, parts) => {
  expect(castParts(weight, rows)).toBe(parts);
});

test("a matrix in parts gives what the whole one does, to the last bit, alone and among others", async () => {
  const weight = refOf([1280, 640]);
  const bias = refOf([1, 1280]);
  const open = async (table: Graph["operators"]): Promise<Session> => {
    const g = new Graph({ operators: table });
    const x = g.input("x", "float32", ["77*N", 640]);
    g.output("y", product(x, weight, g.weight({ ...bias, shape: [1280] })));
    return Session.open(g, { device: "cpu", weights: "in-place", threads: 1 });
  };
  expect(castParts(weight, "77*N")).toBeGreaterThan(1);
  const [parts, whole] = [await open(operators.cpu), await open(operatorsOf("cpu", "packed"))];
  for (const sections of [1, 2, 6]) {
    const rows = 77 * sections;
    const x = { dims: [rows, 640], data: noise(rows * 640) };
    const [mine, theirs] = [await parts.run({ x }), await whole.run({ x })];
    expect(mine["y"]?.dims).toEqual([rows, 1280]);
    expect(mine["y"]?.data).toEqual(theirs["y"]?.data ?? new Float32Array());
  }
  await parts.release();
  await whole.release();
});
