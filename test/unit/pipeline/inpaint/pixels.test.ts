import { expect, test } from "bun:test";
import type { Greymap } from "#/image/greymap.ts";
import { crop } from "#/image/operations/crop.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { areaOfInterest } from "#/pipeline/inpaint/area-of-interest.ts";
import { areaToDraw } from "#/pipeline/inpaint/area-to-draw.ts";
import { outpainted } from "#/pipeline/inpaint/outpainted.ts";
import { pasteBack } from "#/pipeline/inpaint/paste-back.ts";
import { preparedMask } from "#/pipeline/inpaint/prepared-mask.ts";
import { softMask } from "#/pipeline/inpaint/soft-mask.ts";
import { workingSize } from "#/pipeline/inpaint/working-size.ts";
import type { InpaintSource } from "#/recipe/recipe.ts";

/** A picture by what each of its pixels is. */
function painted(
  width: number,
  height: number,
  pixel: (x: number, y: number) => readonly [number, number, number],
): Pixmap {
  const data = new Uint8Array(3 * width * height);
  for (let at = 0; at < width * height; at += 1) data.set(pixel(at % width, Math.floor(at / width)), 3 * at);
  return { width, height, data };
}

const grey = (width: number, height: number, value: (x: number, y: number) => number): Pixmap =>
  painted(width, height, (x, y) => [value(x, y), value(x, y), value(x, y)]);

/** A hole of some rows and columns, ends exclusive. */
const hole = (width: number, height: number, [top, bottom, left, right]: readonly number[]): Greymap => ({
  width,
  height,
  channels: 1,
  data: Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return y >= top! && y < bottom! && x >= left! && x < right! ? 255 : 0;
  }),
});

const white = ({ data }: Greymap): number => data.reduce((sum, value) => sum + (value === 255 ? 1 : 0), 0);
const plain = { grow: 0, invert: false };
const source: InpaintSource = {
  kind: "inpaint",
  picture: 0,
  mask: 1,
  ...plain,
  outpaint: {},
  field: 0.618,
  strength: 1,
  startEmpty: false,
  working: 1024,
  enlarge: { by: "lanczos", tell: false },
  show: "result",
};

test("a mask is what exceeds 127 in red or in the mean: red is white, grey 100 is not, green 255 alone is not", () => {
  const one = (pixel: readonly [number, number, number]): number =>
    white(
      preparedMask(
        painted(4, 4, () => pixel),
        { width: 4, height: 4 },
        plain,
      ),
    );
  expect(one([255, 0, 0])).toBe(16);
  expect(one([128, 0, 0])).toBe(16);
  expect(one([100, 100, 100])).toBe(0);
  expect(one([127, 127, 127])).toBe(0);
  expect(one([127, 128, 127])).toBe(16);
  expect(one([0, 255, 0])).toBe(0);
  expect(one([0, 255, 255])).toBe(16);
});

test("what a mask's file leaves of black does not widen the area: all 3, a square of 255", () => {
  const drawn = grey(512, 512, (x, y) => (x >= 224 && x < 288 && y >= 224 && y < 288 ? 255 : 3));
  const box = areaOfInterest(preparedMask(drawn, drawn, plain), 0.618);
  expect(box).toEqual({ left: 97, right: 414, top: 97, bottom: 414 });
});

test("a mask of another size is stretched, aspect ignored; it grows, shrinks, and is turned round in that order", () => {
  const size = { width: 90, height: 60 };
  const half = grey(3, 2, (x) => (x === 2 ? 255 : 0));
  const right = preparedMask(half, size, plain);
  expect([...right.data.subarray(0, 90)].findIndex((value) => value === 255)).toBeGreaterThan(50);
  expect(white(right)).toBeLessThan(35 * 60);
  const block = grey(90, 60, (x, y) => (x >= 10 && x < 20 && y >= 10 && y < 20 ? 255 : 0));
  expect(white(preparedMask(block, size, { grow: 2, invert: false }))).toBe(14 * 14);
  expect(white(preparedMask(block, size, { grow: -2, invert: false }))).toBe(6 * 6);
  expect(white(preparedMask(block, size, { grow: 2, invert: true }))).toBe(90 * 60 - 14 * 14);
});

test("without a mask nothing is a hole, whatever is asked of it: turned round it would be everything", () => {
  expect(white(preparedMask(undefined, { width: 8, height: 8 }, { grow: 3, invert: true }))).toBe(0);
});

test("the area around a hole (vectors of the pipeline's section 20, and of single pixels)", () => {
  const mask = hole(1024, 768, [100, 200, 300, 450]);
  expect(areaOfInterest(mask, 0)).toEqual({ top: 64, bottom: 235, left: 289, right: 460 });
  expect(areaOfInterest(mask, 0.618)).toEqual({ top: 0, bottom: 631, left: 58, right: 691 });
  const pixel = hole(512, 512, [300, 301, 300, 301]);
  expect(areaOfInterest(pixel, 0)).toEqual({ top: 300, bottom: 301, left: 300, right: 301 });
  expect(areaOfInterest(pixel, 0.618)).toEqual({ top: 142, bottom: 459, left: 142, right: 459 });
  expect(areaOfInterest(pixel, 1)).toEqual({ top: 0, bottom: 512, left: 0, right: 512 });
  expect(areaOfInterest(hole(64, 64, [0, 0, 0, 0]), 0.5)).toBeUndefined();
  expect(areaOfInterest(hole(64, 64, [0, 64, 0, 64]), 0)).toEqual({ top: 0, bottom: 64, left: 0, right: 64 });
});

test("the ramp around a hole: 255, 248, 240 ... 8, 0, outwards only, as a king walks", () => {
  const { data } = softMask(hole(101, 101, [50, 51, 50, 51]));
  const row = [...data.subarray(50 * 101 + 50, 50 * 101 + 84)];
  expect(row).toEqual([255, ...Array.from({ length: 31 }, (_, i) => 248 - 8 * i), 0, 0]);
  for (const [x, y] of [
    [60, 57],
    [43, 60],
    [81, 50],
    [82, 50],
  ] as const)
    expect(data[y * 101 + x]).toBe(Math.max(0, 256 - 8 * Math.max(Math.abs(x - 50), Math.abs(y - 50))));
});

test("outpainting adds three tenths of a side, or the distance that is said, and repeats the edge", () => {
  const picture = painted(101, 77, (x, y) => [x, y, 9]);
  const mask = hole(101, 77, [0, 0, 0, 0]);
  const all = outpainted({ picture, mask }, { left: null, top: null, right: null, bottom: null });
  expect([all.picture.width, all.picture.height]).toEqual([161, 123]);
  expect(white(all.mask)).toBe(161 * 123 - 101 * 77);
  expect([...all.picture.data.subarray(0, 3)]).toEqual([0, 0, 9]);
  expect([...all.picture.data.subarray(-3)]).toEqual([100, 76, 9]);
  const left = outpainted({ picture, mask }, { left: null });
  expect([left.picture.width, left.picture.height]).toEqual([131, 77]);
  const by = outpainted({ picture, mask }, { left: 5, bottom: 40 });
  expect([by.picture.width, by.picture.height]).toEqual([106, 117]);
  expect(crop(by.picture, { left: 5, top: 0, right: 106, bottom: 77 })).toEqual(picture);
  expect(() => outpainted({ picture, mask }, { top: 20_000 })).toThrow("outpaint_distance");
});

test("a mask turned round with a side and no mask: only the strip is painted anew", () => {
  const picture = grey(40, 20, () => 7);
  const { mask, place } = areaToDraw([picture], {
    ...source,
    mask: undefined as never,
    invert: true,
    outpaint: { left: null },
    field: 1,
  });
  expect([place.whole.width, place.whole.height]).toEqual([52, 20]);
  expect(white(mask)).toBe(12 * 20);
});

test("a mask with nothing in it, or nothing left of it, is told, with the ways out", () => {
  const picture = grey(40, 20, () => 7);
  expect(() => areaToDraw([picture, grey(40, 20, () => 90)], source)).toThrow(
    "there is nothing to paint anew",
  );
  const short = { ...source, mask: undefined as never, outpaint: { left: null, top: null } };
  expect(() => areaToDraw([grey(3, 3, () => 7)], short)).toThrow("outpaint_distance");
  const thin = grey(40, 20, (x) => (x === 5 ? 255 : 0));
  expect(() => areaToDraw([picture, thin], { ...source, grow: -1 })).toThrow("inpaint_erode_or_dilate");
});

/** Numbers that look random and are the same every time. */
function* numbers(seed: number): Generator<number, never, undefined> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

test("whatever the mask, a pixel beyond its ramp keeps every bit, and what is in the hole is what was made", () => {
  const random = numbers(5);
  const next = (most: number): number => Math.floor(random.next().value * most);
  for (let round = 0; round < 12; round += 1) {
    const [width, height] = [60 + next(120), 60 + next(120)];
    const picture = painted(width, height, () => [next(256), next(256), next(256)]);
    const [x, y] = [next(width - 8), next(height - 8)];
    const [right, bottom] = [x + 1 + next(8), y + 1 + next(8)];
    const drawn = grey(width, height, (px, py) =>
      px >= x && px < right && py >= y && py < bottom ? 255 : next(100),
    );
    const field = [0, 0.3, 0.618, 1][round % 4]!;
    const { part, place } = areaToDraw([picture, drawn], { ...source, field });
    const size = workingSize(part, 128);
    const made = { ...size, data: new Uint8Array(3 * size.width * size.height).fill(200) };
    const result = pasteBack(place, made);
    expect([result.width, result.height]).toEqual([width, height]);
    for (let at = 0; at < width * height; at += 1) {
      const pixel = [...result.data.subarray(3 * at, 3 * at + 3)];
      if (place.soft.data[at] === 0) expect(pixel).toEqual([...picture.data.subarray(3 * at, 3 * at + 3)]);
      if (place.soft.data[at] === 255) expect(pixel).toEqual([200, 200, 200]);
    }
  }
});

test("a picture that comes back as it went keeps its place: 1003 x 1001, no pixel moves", () => {
  const smooth = painted(1003, 1001, (x, y) => [
    Math.round(127 + 100 * Math.sin(x / 40)),
    Math.round(127 + 100 * Math.cos(y / 55)),
    Math.round((x + y) / 9),
  ]);
  const middle = grey(1003, 1001, (x, y) => (x > 400 && x < 600 && y > 450 && y < 520 ? 255 : 0));
  const { part, place } = areaToDraw([smooth, middle], { ...source, field: 1 });
  const picture = lanczosResize(part, workingSize(part, 1024));
  expect([picture.width, picture.height]).toEqual([1024, 1024]);
  const back = pasteBack(place, picture);
  let most = 0;
  for (const [at, value] of back.data.entries()) most = Math.max(most, Math.abs(value - smooth.data[at]!));
  expect(most).toBeLessThanOrEqual(2);
});

test("a part that fits already gets sides of whole blocks of 64, a few pixels are enough, a narrow one is refused", () => {
  const size = (width: number, height: number, working = 1024) => {
    const found = workingSize({ width, height }, working);
    return [found.width, found.height];
  };
  expect(size(1000, 1040)).toEqual([1024, 1024]);
  expect(size(1024, 1024)).toEqual([1024, 1024]);
  expect([size(1, 1), size(1, 1, 256), size(3, 2, 64)]).toEqual([
    [1024, 1024],
    [256, 256],
    [64, 64],
  ]);
  expect(() => size(2000, 4)).toThrow("inpaint_respective_field");
  expect(() => size(1500, 8)).toThrow("inpaint_respective_field");
});

test("a mask of all white is valid, and the size stays", () => {
  const picture = grey(64, 64, (x) => x);
  const { part, place } = areaToDraw([picture, grey(64, 64, () => 255)], { ...source, field: 0 });
  expect(part).toEqual(picture);
  expect(place.soft.data.every((value) => value === 255)).toBe(true);
});
