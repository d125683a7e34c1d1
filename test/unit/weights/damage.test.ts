import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { firstDamaged } from "#/weights/damage.ts";
import { type DType, dtypeBytes } from "#/weights/dtype.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

const folder = mkdtempSync(join(tmpdir(), "damage-"));
afterAll(() => rmSync(folder, { recursive: true }));

function weight(dtype: DType, bytes: Uint8Array): WeightRef {
  const path = join(folder, `${dtype}-${Bun.hash(bytes)}`);
  writeFileSync(path, new Uint8Array([0xff, 0xff, 0xff, ...bytes])); // what lies before is not looked at
  const shape = [bytes.length / dtypeBytes[dtype]];
  return { path, key: dtype, dtype, shape, offset: 3, length: bytes.length };
}

/** Little-endian bits of values: the largest number of a type, and what is none. */
const types: Readonly<Partial<Record<DType, Readonly<{ sound: number[]; broken: number[][] }>>>> = {
  F32: {
    sound: [0xff, 0xff, 0x7f, 0x7f],
    broken: [
      [0, 0, 0x80, 0x7f],
      [0, 0, 0xc0, 0xff],
    ],
  },
  F16: {
    sound: [0xff, 0x7b],
    broken: [
      [0, 0x7c],
      [0, 0xfc],
      [1, 0x7c],
      [0xff, 0xff],
    ],
  },
  BF16: {
    sound: [0x7f, 0x7f],
    broken: [
      [0x80, 0x7f],
      [0x80, 0xff],
      [0xc0, 0x7f],
    ],
  },
  F8_E5M2: { sound: [0x7b], broken: [[0x7c], [0xfc], [0x7f]] },
  F8_E4M3: { sound: [0x7e], broken: [[0x7f], [0xff]] }, // no infinity
  F64: { sound: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f], broken: [[0, 0, 0, 0, 0, 0, 0xf0, 0x7f]] },
};

for (const [dtype, { sound, broken }] of Object.entries(types) as [
  DType,
  { sound: number[]; broken: number[][] },
][]) {
  test(`${dtype}: the largest number is one, infinities and NaN are not, wherever they lie`, async () => {
    const row = (last: readonly number[]) =>
      Uint8Array.from([...Array.from({ length: 99 }, () => sound).flat(), ...last]);
    const whole = weight(dtype, row(sound));
    expect(await firstDamaged([whole])).toBeUndefined();
    for (const bits of broken) {
      const damaged = weight(dtype, row(bits));
      expect(await firstDamaged([whole, damaged])).toBe(damaged);
    }
  });
}

test("a tensor larger than what is read at a time is read to its end", async () => {
  const values = new Float32Array(5 * 2 ** 20);
  const path = join(folder, "large");
  const ref: WeightRef = {
    path,
    key: "w",
    dtype: "F32",
    shape: [values.length],
    offset: 0,
    length: values.byteLength,
  };
  writeFileSync(path, values);
  expect(await firstDamaged([ref])).toBeUndefined();
  values[values.length - 1] = Number.NaN;
  writeFileSync(path, values);
  expect(await firstDamaged([ref])).toBe(ref);
});

test("a scale that is no number is one; a file that is gone is another fault", async () => {
  const ref = weight("F8_E4M3", new Uint8Array(4));
  expect(await firstDamaged([{ ...ref, scale: Number.POSITIVE_INFINITY }])).toBeDefined();
  expect(await firstDamaged([{ ...ref, path: join(folder, "gone") }])).toBeUndefined();
});

test("a packed tensor is unpacked to be looked at; one that cannot be is nothing this looks for", async () => {
  const values = new Float32Array([1, 2, 3, Number.NaN]);
  const path = join(folder, "packed");
  writeFileSync(path, deflateRawSync(new Uint8Array(values.buffer)));
  const packed = (elements: number): WeightRef => ({
    ...{ path, key: "packed", dtype: "F32", shape: [elements], offset: 0, length: 4 * elements },
    packed: {
      storage: { offset: 0, length: statSync(path).size, deflated: { length: 16, crc: 0 } },
      view: { start: 0, shape: [elements], strides: [1] },
      element: 4,
    },
  });
  expect(await firstDamaged([packed(3)])).toBeUndefined();
  expect((await firstDamaged([packed(3), packed(4)]))?.shape).toEqual([4]);
  writeFileSync(path, "something else");
  expect(await firstDamaged([packed(4)])).toBeUndefined();
});
