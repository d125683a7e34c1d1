import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors } from "#/weights/safetensors.ts";
import { dataIsZeroFrom, refuseUnfinished } from "#/weights/tail.ts";
import { writeZeros } from "../../support/write-safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "tail-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of so many zeros with ones at some places. */
function file(size: number, ...ones: readonly number[]): string {
  const bytes = new Uint8Array(size);
  for (const at of ones) bytes[at] = 1;
  const path = join(folder, "some");
  writeFileSync(path, bytes);
  return path;
}

test("zeros from a position to the end are seen, wherever the first other byte lies", () => {
  const size = 3_000_001;
  for (const at of [0, 4095, 4096, 5000, 1_052_671, 1_052_672, size - 1]) {
    const path = file(size, at);
    expect([at, dataIsZeroFrom(path, 0)]).toEqual([at, false]);
    expect([at, dataIsZeroFrom(path, at)]).toEqual([at, false]);
    expect([at, dataIsZeroFrom(path, at + 1)]).toEqual([at, at + 1 < size]);
  }
  expect(dataIsZeroFrom(file(10), 0)).toBe(true);
  expect(dataIsZeroFrom(file(10), 10)).toBe(false);
  expect(dataIsZeroFrom(join(folder, "nothing"), 0)).toBe(false);
});

test("a file is unfinished if its last matrix and all behind it are zeros, and not by its vectors alone", () => {
  const path = join(folder, "model.safetensors");
  const shapes = { "a.weight": [4, 4], "b.weight": [4, 4], "b.bias": [4] };
  const written = (at: number | undefined) => {
    writeZeros(path, shapes);
    const bytes = new Uint8Array(readFileSync(path));
    bytes[bytes.length - 1] = 0;
    if (at !== undefined) bytes[bytes.length + at] = 1;
    writeFileSync(path, bytes);
    return readSafetensors(path);
  };
  expect(() => refuseUnfinished(written(undefined))).toThrow(
    "model.safetensors is an unfinished download: it is all zeros from the tensor b.weight to its end",
  );
  expect(() => refuseUnfinished(written(-1))).not.toThrow();
  expect(() => refuseUnfinished(written(-9))).not.toThrow();
  expect(() => refuseUnfinished(written(-41))).toThrow("unfinished");
});
