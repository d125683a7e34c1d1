import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Greymap, Picture } from "#/image/greymap.ts";
import { bicubicResize } from "#/image/operations/bicubic-resize.ts";
import { boxBlur } from "#/image/operations/box-blur.ts";
import { crop } from "#/image/operations/crop.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { dilate, erode } from "#/image/operations/morphology.ts";
import { padByEdge, padByValue } from "#/image/operations/pad.ts";
import { paste } from "#/image/operations/paste.ts";
import { resizeToFill } from "#/image/operations/resize-to-fill.ts";
import { threshold } from "#/image/operations/threshold.ts";

const grey = (width: number, ...values: readonly number[]): Greymap => ({
  width,
  height: values.length / width,
  data: Uint8Array.from(values),
  channels: 1,
});

/** Any small picture of either kind. */
const pictures: fc.Arbitrary<Picture> = fc
  .tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(1 as const, 3 as const),
  )
  .chain(([width, height, channels]) => {
    const length = width * height * channels;
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data) => (channels === 1 ? { width, height, data, channels } : { width, height, data }));
  });

const mirrored = (picture: Picture): Picture => {
  const { width, data, channels = 3 } = picture;
  const at = (i: number) => {
    const pixel = Math.floor(i / channels);
    const x = pixel % width;
    return (pixel - x + (width - 1 - x)) * channels + (i % channels);
  };
  return { ...picture, data: data.map((_, i) => data[at(i)] ?? 0) };
};

const values = ({ data }: Picture) => [...data];

test("an axis that keeps its size is not touched", () => {
  fc.assert(
    fc.property(pictures, (picture) => {
      expect(lanczosResize(picture, picture)).toBe(picture);
      expect(resizeToFill(picture, picture)).toBe(picture);
      const column = crop(picture, { left: 0, top: 0, right: 1, bottom: picture.height });
      const repeated = lanczosResize(column, { width: 3, height: picture.height });
      const again = crop(repeated, { left: 2, top: 0, right: 3, bottom: picture.height });
      expect(values(again)).toEqual(values(column));
    }),
  );
});

test("what is done to a mirrored picture is the mirrored result", () => {
  const operations: readonly ((picture: Picture) => Picture)[] = [
    (picture) => boxBlur(picture, 2),
    (picture) => dilate(picture, 2),
    (picture) => erode(picture),
    (picture) => padByEdge(picture, { left: 2, top: 1, right: 2, bottom: 0 }),
  ];
  fc.assert(
    fc.property(pictures, (picture) => {
      for (const operation of operations)
        expect(values(operation(mirrored(picture)))).toEqual(values(mirrored(operation(picture))));
    }),
  );
});

test("a flat picture stays flat, whatever its size and filter", () => {
  const flat = (value: number, channels: 1 | 3): Picture => {
    const data = new Uint8Array(35 * channels).fill(value);
    return channels === 1 ? { width: 7, height: 5, data, channels } : { width: 7, height: 5, data };
  };
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.constantFrom(1, 3),
      fc.integer({ min: 1, max: 40 }),
      (value, channels, side) => {
        const picture = flat(value, channels);
        const size = { width: side, height: 41 - side };
        const made = [lanczosResize(picture, size), bicubicResize(picture, size), boxBlur(picture, side)];
        for (const { data } of made) expect(data.every((one) => one === value)).toBe(true);
      },
    ),
  );
});

test("erosion is dilation of the negative, and n times is n times", () => {
  const negative = (picture: Picture): Picture => ({
    ...picture,
    data: picture.data.map((value) => 255 - value),
  });
  fc.assert(
    fc.property(pictures, fc.nat(4), (picture, times) => {
      expect(values(erode(picture, times))).toEqual(values(negative(dilate(negative(picture), times))));
      let one = picture;
      for (let i = 0; i < times; i += 1) one = dilate(one);
      expect(values(dilate(picture, times))).toEqual(values(one));
    }),
  );
});

test("a threshold is larger than, and done twice the same", () => {
  expect(values(threshold(grey(4, 0, 127, 128, 255)))).toEqual([0, 0, 255, 255]);
  fc.assert(
    fc.property(pictures, fc.nat(254), (picture, limit) => {
      const cut = threshold(picture, limit);
      expect(values(threshold(cut, limit))).toEqual(values(cut));
    }),
  );
});

test("padding is undone by cropping, pasting by nothing", () => {
  const side = fc.nat(4);
  fc.assert(
    fc.property(pictures, side, side, side, (picture, left, top, right) => {
      const sides = { left, top, right, bottom: 1 };
      const box = { left, top, right: left + picture.width, bottom: top + picture.height };
      expect(values(crop(padByEdge(picture, sides), box))).toEqual(values(picture));
      expect(values(crop(padByValue(picture, sides, 9), box))).toEqual(values(picture));
      const wide = padByValue(picture, sides, 0);
      expect(values(paste(wide, picture, { left, top }))).toEqual(values(wide));
    }),
  );
  expect(values(padByValue(grey(1, 7), { left: 1, top: 0, right: 0, bottom: 1 }, 255))).toEqual([
    255, 7, 255, 255,
  ]);
  expect(values(padByEdge(grey(2, 1, 2), { left: 1, top: 1, right: 2, bottom: 0 }))).toEqual([
    1, 1, 2, 2, 2, 1, 1, 2, 2, 2,
  ]);
});

test("what is pasted over the rim is cut off, and the picture below is left alone", () => {
  const below = grey(3, 1, 2, 3, 4, 5, 6);
  expect(values(paste(below, grey(2, 9, 8, 7, 6), { left: -1, top: 1 }))).toEqual([1, 2, 3, 8, 5, 6]);
  expect(values(paste(below, grey(2, 9, 8, 7, 6), { left: 2, top: -1 }))).toEqual([1, 2, 7, 4, 5, 6]);
  for (const at of [
    { left: -2, top: 0 },
    { left: 3, top: 0 },
    { left: 0, top: -2 },
    { left: 0, top: 5 },
  ])
    expect(values(paste(below, grey(2, 9, 8, 7, 6), at))).toEqual(values(below));
  expect(values(below)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a strip one pixel high fills a square without the picture that it would be cut from", () => {
  const strip = grey(100_000, ...Array.from({ length: 100_000 }, (_, i) => i % 256));
  const filled = resizeToFill(strip, { width: 64, height: 1024 });
  expect([filled.width, filled.height]).toEqual([64, 1024]);
});

test("what cannot be done is said", () => {
  const picture = grey(2, 1, 2, 3, 4);
  expect(() => crop(picture, { left: 0, top: 0, right: 3, bottom: 1 })).toThrow("columns 0 to 3");
  expect(() => crop(picture, { left: 1, top: 0, right: 1, bottom: 1 })).toThrow(RangeError);
  expect(() => boxBlur(picture, 0.5)).toThrow("0.5");
  expect(() => dilate(picture, -1)).toThrow("-1");
  expect(() => padByEdge(picture, { left: -1, top: 0, right: 0, bottom: 0 })).toThrow("-1");
});
