import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  emptyMask,
  isUntouched,
  loadedAlone,
  type MaskHistory,
  type MaskStep,
  redo,
  undo,
  visible,
  withStep,
} from "#/web/dashboard/source/mask-history.ts";
import { asBlackAndWhite, asMask } from "#/web/dashboard/source/mask-pixels.ts";

const stroke = (erase = false): MaskStep => ({ kind: "stroke", erase, width: 5, points: [{ x: 1, y: 2 }] });
const made = (...steps: readonly MaskStep[]): MaskHistory => steps.reduce(withStep, emptyMask);
const steps = fc.array(
  fc.constantFrom<MaskStep>(stroke(), stroke(true), { kind: "fill" }, { kind: "clear" }, { kind: "invert" }),
);

test("as much as was taken back is done again", () => {
  fc.assert(
    fc.property(steps, fc.nat(20), (list, times) => {
      let mask = made(...list);
      for (let i = 0; i < times; i += 1) mask = undo(mask);
      expect(mask.done).toEqual(list.slice(0, Math.max(0, list.length - times)));
      for (let i = 0; i < times; i += 1) mask = redo(mask);
      expect(mask).toEqual(made(...list));
    }),
  );
});

test("who goes on after taking back has nothing to do again", () => {
  const mask = withStep(undo(made(stroke(), { kind: "fill" })), { kind: "invert" });
  expect(mask).toEqual({ done: [stroke(), { kind: "invert" }], undone: [] });
  expect(redo(mask)).toBe(mask);
  expect(undo(emptyMask)).toBe(emptyMask);
});

test("a file that was loaded is the mask as long as nothing is done to it", () => {
  const sent = { address: "http://127.0.0.1:7866/inputs/a.png" };
  // Only a browser has bitmaps, and none is looked at here.
  const load: MaskStep = { kind: "load", picture: {} as ImageBitmap, sent };
  expect(loadedAlone(emptyMask)).toBeUndefined();
  expect(loadedAlone(made(stroke()))).toBeUndefined();
  expect(loadedAlone(made(stroke(), load))).toBe(sent);
  for (const step of [stroke(), stroke(true), { kind: "invert" }, { kind: "clear" }] as const) {
    expect(loadedAlone(made(load, step))).toBeUndefined();
    expect(loadedAlone(undo(made(load, step)))).toBe(sent);
  }
});

test("clearing can be taken back, and what came before it is not drawn", () => {
  const mask = made(stroke(), { kind: "clear" }, stroke(true));
  expect(visible(mask)).toEqual([{ kind: "clear" }, stroke(true)]);
  expect(visible(undo(undo(mask)))).toEqual([stroke()]);
});

test("a mask on which nothing was painted is known without looking at its pixels", () => {
  expect(isUntouched(emptyMask)).toBe(true);
  expect(isUntouched(made(stroke(true), stroke(), { kind: "clear" }))).toBe(true);
  expect(isUntouched(made({ kind: "clear" }, { kind: "invert" }))).toBe(false);
  expect(isUntouched(made(stroke(), stroke(true)))).toBe(false);
});

const read = (...rgba: readonly number[]): number => {
  const pixel = Uint8ClampedArray.from(rgba);
  asMask(pixel, [9, 8, 7]);
  expect([...pixel.slice(0, 3)]).toEqual([9, 8, 7]);
  return pixel[3] ?? -1;
};

test.each([
  ["white", [255, 255, 255, 255], 255],
  ["red alone", [255, 0, 0, 255], 255],
  ["green alone, whose mean is 85", [0, 255, 0, 255], 0],
  ["grey 127", [127, 127, 127, 255], 0],
  ["grey 128", [128, 128, 128, 255], 255],
  ["the black of a JPEG", [5, 3, 4, 255], 0],
  ["white that nobody sees", [255, 255, 255, 0], 0],
  ["an opaque grey 86", [86, 86, 86, 255], 0],
])("a mask's file is read as the server reads it: %s", (_, rgba, opacity) => {
  expect(read(...rgba)).toBe(opacity);
});

test("what is sent has no edges between black and white", () => {
  const pixels = Uint8ClampedArray.from([226, 62, 118, 128, 226, 62, 118, 127, 0, 0, 0, 0]);
  expect(asBlackAndWhite(pixels)).toBe(true);
  expect([...pixels]).toEqual([255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
  expect(asBlackAndWhite(Uint8ClampedArray.from([255, 255, 255, 0]))).toBe(false);
});
