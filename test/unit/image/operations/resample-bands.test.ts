import { expect, test } from "bun:test";
import { lanczos, lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { ResampledBands } from "#/image/operations/resample-bands.ts";
import type { Pixmap } from "#/image/pixmap.ts";

/** A picture with sharp edges, of which every byte is another one's neighbour. */
function picture(width: number, height: number): Pixmap {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 7919 + (at >> 3) * 31) & 255);
  return { width, height, data };
}

/** The same in bands of so many rows. */
function* bandsOf({ width, height, data }: Pixmap, rows: readonly number[]): Generator<Pixmap> {
  for (let from = 0, i = 0; from < height; i += 1) {
    const end = Math.min(height, from + rows[i % rows.length]!);
    yield { width, height: end - from, data: data.slice(from * width * 3, end * width * 3) };
    from = end;
  }
}

test("bands give the very bytes of the whole, whatever their heights: smaller, larger, and either side kept", () => {
  const whole = picture(40, 61);
  for (const size of [
    { width: 20, height: 31 },
    { width: 17, height: 90 },
    { width: 40, height: 13 },
    { width: 33, height: 61 },
    { width: 40, height: 61 },
  ])
    for (const rows of [[1], [5, 2, 9], [61]]) {
      const bands = new ResampledBands(whole, size, lanczos);
      for (const band of bandsOf(whole, rows)) bands.add(band);
      expect([size, rows, bands.picture()]).toEqual([size, rows, lanczosResize(whole, size)]);
    }
});

test("rows that are missing or too many are noticed", () => {
  const whole = picture(8, 8);
  const bands = new ResampledBands(whole, { width: 4, height: 4 }, lanczos);
  bands.add({ ...picture(8, 5) });
  expect(() => bands.picture()).toThrow("5 of 8 rows came");
  expect(() => bands.add(picture(8, 4))).toThrow(RangeError);
  expect(() => bands.add(picture(7, 1))).toThrow(RangeError);
});
