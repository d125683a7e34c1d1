import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { readWeights } from "#/weights/read-weights.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

const folder = mkdtempSync(join(tmpdir(), "read-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file whose byte at each place is known, and halves in it. */
function file(name: string, size: number): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    Uint8Array.from({ length: size }, (_, at) => (at * 31) % 97),
  );
  return path;
}
const vector = (path: string, offset: number, count: number): WeightRef => ({
  path,
  key: `at ${offset}`,
  dtype: "F16",
  shape: [count],
  offset,
  length: 2 * count,
});

/** What lies there, byte by byte. */
function expected({ offset, shape: [count = 0] }: WeightRef): number[] {
  const bits = Uint16Array.from({ length: count }, (_, i) => {
    const byte = (at: number): number => (at * 31) % 97;
    return byte(offset + 2 * i) + 256 * byte(offset + 2 * i + 1);
  });
  return [...new Float16Array(bits.buffer)];
}

test("vectors near and far, overlapping, empty, larger than a read, in two files: each gets its own values", () => {
  const [a, b] = [file("a", 9_000_000), file("b", 100_000)];
  const refs = [
    vector(a, 8_000_001, 10),
    vector(a, 3, 7),
    vector(a, 17, 100),
    vector(a, 19, 2),
    vector(a, 20_000, 0),
    vector(a, 33_000, 5),
    vector(a, 100_000, 3_000_000),
    vector(b, 0, 50_000),
    vector(b, 99_998, 1),
  ];
  const values = readWeights(refs);
  expect(values.size).toBe(refs.length);
  for (const ref of refs) expect([...values.get(ref)!]).toEqual(expected(ref));
});

test("a file that was cut short, or is gone, is told with the tensor or the file", () => {
  const path = file("short", 1000);
  truncateSync(path, 500);
  const refs = [vector(path, 0, 10), vector(path, 490, 5), vector(path, 496, 10)];
  expect(() => readWeights(refs)).toThrow(/^short: the data of at 496 ends early/);
  const gone = () => readWeights([vector(join(folder, "gone"), 0, 1)]);
  expect(gone).toThrow(ModelError);
  expect(gone).toThrow(/^gone cannot be opened \(ENOENT\)\.$/); // clients read it: no folder of this server
  expect(readWeights([]).size).toBe(0);
});
