import { expect, test } from "bun:test";
import { Bands } from "#/runtime/strips/bands.ts";
import { RowsReader } from "#/runtime/strips/rows-reader.ts";

const size = { channels: 2, height: 7, width: 1 };
const rowsOf = (data: Float32Array): number[] => [...data];

/** Channel 0 counts rows from 1, channel 1 from 101; bands of three rows. */
const counted = (): Bands =>
  new Bands(size, 3, [
    Float32Array.of(1, 2, 3, 101, 102, 103),
    Float32Array.of(4, 5, 6, 104, 105, 106),
    Float32Array.of(7, 107),
  ]);

test("rows of all channels, across bands, zeros beyond the border", () => {
  const reader = new RowsReader(counted(), 2);
  expect(rowsOf(reader.read(-1, 4))).toEqual([0, 1, 2, 3, 4, 0, 101, 102, 103, 104]);
  expect(rowsOf(reader.read(2, 8))).toEqual([3, 4, 5, 6, 7, 0, 103, 104, 105, 106, 107, 0]);
});

test("what was overwritten since is read as it was", () => {
  const bands = counted();
  const reader = new RowsReader(bands, 2);
  reader.read(-1, 4);
  bands.data[0]?.fill(-1);
  expect(rowsOf(reader.read(2, 7))).toEqual([3, 4, 5, 6, 7, 103, 104, 105, 106, 107]);
});

test("bands are the whole again", () => {
  expect(rowsOf(counted().whole())).toEqual([1, 2, 3, 4, 5, 6, 7, 101, 102, 103, 104, 105, 106, 107]);
});
