import { expect, test } from "bun:test";
import { alignFace } from "#/image/operations/align-face.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { faceCrop } from "#/pipeline/controls/face-crop.ts";
import type { Face } from "#/runtime/face-detector/face.ts";

const picture = (width: number, height: number): Pixmap => ({
  width,
  height,
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 7) % 251),
});

const face = (x: number, y: number, size: number, score = 0.99): Face => ({
  score,
  box: { left: x, top: y, right: x + size, bottom: y + size },
  points: [
    { x: x + size * 0.3, y: y + size * 0.4 },
    { x: x + size * 0.7, y: y + size * 0.4 },
    { x: x + size * 0.5, y: y + size * 0.6 },
    { x: x + size * 0.35, y: y + size * 0.8 },
    { x: x + size * 0.65, y: y + size * 0.8 },
  ],
});

/** A detector that finds these faces in pictures up to a size, and the pictures that it was shown. */
function detector(upTo: number, faces: readonly Face[]) {
  const shown: Pixmap[] = [];
  const detect = async (one: Pixmap) => {
    shown.push(one);
    return Math.max(one.width, one.height) <= upTo ? faces : [];
  };
  return { shown, detect };
}

test("the first face is cropped from the picture itself, and all are counted", async () => {
  const given = picture(300, 200);
  const faces = [face(40, 30, 90), face(180, 40, 60, 0.98)];
  const { shown, detect } = detector(1024, faces);
  const cropped = await faceCrop(given, detect);
  expect(shown).toEqual([given]);
  expect([cropped.faces, cropped.shrunk, cropped.found]).toEqual([2, false, true]);
  expect(cropped.image).toEqual(alignFace(given, faces[0]?.points ?? [])!);
  expect([cropped.image.width, cropped.image.height]).toEqual([512, 512]);
});

test("a face that is too large at the picture's own size is found in a smaller copy, and cropped from the picture", async () => {
  const given = picture(1280, 640);
  const inCopy = face(100, 60, 300);
  const { shown, detect } = detector(1024, [inCopy]);
  const cropped = await faceCrop(given, detect);
  expect(shown.map(({ width, height }) => [width, height])).toEqual([
    [1280, 640],
    [1024, 512],
  ]);
  expect([cropped.faces, cropped.shrunk, cropped.found]).toEqual([1, true, true]);
  const points = inCopy.points.map(({ x, y }) => ({ x: 1.25 * x, y: 1.25 * y }));
  expect(cropped.image).toEqual(alignFace(given, points)!);
});

test("where there is no face the whole picture is used; one that is small is looked at once", async () => {
  for (const [width, height, looks] of [
    [300, 200, 1],
    [1024, 1024, 1],
    [1200, 3, 2],
  ] as const) {
    const given = picture(width, height);
    const { shown, detect } = detector(0, []);
    expect(await faceCrop(given, detect)).toEqual({ image: given, faces: 0, shrunk: false, found: false });
    expect(shown.length).toBe(looks);
  }
});

test("points at one place are no face", async () => {
  const given = picture(64, 64);
  const { detect } = detector(64, [
    { ...face(0, 0, 10), points: Array.from({ length: 5 }, () => ({ x: 3, y: 3 })) },
  ]);
  expect(await faceCrop(given, detect)).toEqual({ image: given, faces: 0, shrunk: false, found: false });
});
