import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arePacked, unpackedTensors } from "#/weights/derived/unpacked-tensors.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { readBytes } from "#/weights/read-weights.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { goldenPath } from "../../../support/golden.ts";

const folder = mkdtempSync(join(tmpdir(), "unpacked-"));
afterAll(() => rmSync(folder, { recursive: true }));

const bytesOf = (tensors: ReadonlyMap<string, WeightRef>) =>
  [...tensors].map(([name, ref]) => [name, ref.dtype, ref.shape, readBytes(ref)]);

for (const name of ["views-zip.pt", "views-old.pt", "views-deflated.pt", "types-deflated.pt"])
  test(`${name} is unpacked into a file of the size that was foretold, each tensor at a multiple of its element`, async () => {
    const file = openWeights(goldenPath(`torch/${name}`));
    expect(arePacked(file.tensors)).toBe(true);
    const derived = unpackedTensors(file.tensors, file);
    const path = join(folder, name);
    expect(derived.read(path)).toBeUndefined();
    await derived.write(path);
    expect(statSync(path).size).toBe(derived.size);
    const read = derived.read(path)!;
    expect(arePacked(read)).toBe(false);
    expect(bytesOf(read)).toEqual(bytesOf(file.tensors));
    for (const [key, ref] of read) {
      const packed = file.tensors.get(key)?.packed;
      if (packed === undefined) expect(ref.path).toBe(file.path);
      else expect([key, ref.offset % packed.element]).toEqual([key, 0]);
    }
    truncateSync(path, derived.size - 1);
    expect(derived.read(path)).toBeUndefined();
  });

test("parts of one packed tensor are parts of one tensor in the file", async () => {
  const file = openWeights(goldenPath("torch/views-old.pt"));
  const whole = file.tensors.get("transposed")!; // [6, 4] in float32
  const part = (at: number): WeightRef => ({ ...whole, shape: [3, 4], offset: at * 48, length: 48 });
  const tensors = new Map([
    ["first", part(0)],
    ["second", part(1)],
  ]);
  const derived = unpackedTensors(tensors, file);
  const path = join(folder, "parts");
  await derived.write(path);
  const read = derived.read(path)!;
  expect(read.get("second")!.offset - read.get("first")!.offset).toBe(48);
  expect(bytesOf(read)).toEqual(bytesOf(tensors));
  expect(Buffer.concat([readBytes(part(0)), readBytes(part(1))])).toEqual(Buffer.from(readBytes(whole)));
});
