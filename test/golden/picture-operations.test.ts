import { expect, test } from "bun:test";
import { channelsOf, type Greymap, type Picture } from "#/image/greymap.ts";
import { areaResize } from "#/image/operations/area-resize.ts";
import { bicubicResize } from "#/image/operations/bicubic-resize.ts";
import { bilinearResize } from "#/image/operations/bilinear-resize.ts";
import { boxBlur } from "#/image/operations/box-blur.ts";
import { canny } from "#/image/operations/canny.ts";
import { cpds } from "#/image/operations/cpds.ts";
import { decolor } from "#/image/operations/decolor.ts";
import type { FloatMap } from "#/image/operations/float-map.ts";
import { gaussianBlur } from "#/image/operations/gaussian-blur.ts";
import { bgrOfLab, labOfBgr } from "#/image/operations/lab-bytes.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { maxPool } from "#/image/operations/max-pool.ts";
import { dilate, erode } from "#/image/operations/morphology.ts";
import { padByEdge } from "#/image/operations/pad.ts";
import { pyraCanny } from "#/image/operations/pyra-canny.ts";
import { resizeToFill } from "#/image/operations/resize-to-fill.ts";
import { threshold } from "#/image/operations/threshold.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { goldenPath, goldenTensors } from "../support/golden.ts";
import { goldenPicture, type PictureSource } from "../support/golden-picture.ts";

/** Against Pillow 9.4, OpenCV 4.10 and numpy (scripts/golden/picture_operations.py): every byte. */
type Case = PictureSource &
  Readonly<{
    operation: string;
    to?: readonly [number, number];
    radius?: number;
    times?: number;
    limit?: number;
    side?: number;
    thresholds?: readonly [number, number];
    sides?: readonly [number, number, number, number];
    size?: readonly [number, number];
    sha256: string;
  }>;

const sizeOf = ({ to: [width, height] = [0, 0] }: Case) => ({ width, height });

const rgb = (picture: Picture): Pixmap => {
  if (picture.channels === 1) throw new Error("a case of three channels is wanted");
  return picture;
};

const grey = (picture: Picture): Greymap => {
  if (picture.channels !== 1) throw new Error("a case of one channel is wanted");
  return picture;
};

/** Values of a picture from 0 to 1, and back as bytes: every bit is compared. */
const floats = (picture: Picture): FloatMap => ({
  width: picture.width,
  height: picture.height,
  channels: channelsOf(picture),
  data: Float32Array.from(picture.data, (value) => value * Math.fround(1 / 255)),
});

const bytes = ({ width, height, data }: FloatMap) => ({ width, height, data: new Uint8Array(data.buffer) });

const operations: Readonly<Record<string, (picture: Picture, given: Case) => Picture>> = {
  area: (picture, given) => areaResize(picture, sizeOf(given)),
  bilinear: (picture, given) => bytes(bilinearResize(floats(picture), sizeOf(given))),
  decolor: (picture) => decolor(rgb(picture)).grey,
  boost: (picture) => decolor(rgb(picture)).boosted,
  cpds: (picture) => cpds(rgb(picture)),
  lab: (picture) => labOfBgr(rgb(picture)),
  bgr: (picture) => bgrOfLab(rgb(picture)),
  pool: (picture, { side = 0 }) => maxPool(grey(picture), side),
  gaussian: (picture) => gaussianBlur(picture),
  canny: (picture, { thresholds: [low, high] = [0, 0] }) => canny(picture, low, high),
  "pyra-canny": (picture, { thresholds: [low, high] = [0, 0] }) => pyraCanny(rgb(picture), { low, high }),
  lanczos: (picture, given) => lanczosResize(picture, sizeOf(given)),
  bicubic: (picture, given) => bicubicResize(picture, sizeOf(given)),
  fill: (picture, given) => resizeToFill(picture, sizeOf(given)),
  "box-blur": (picture, { radius = -1 }) => boxBlur(picture, radius),
  dilate: (picture, { times }) => dilate(picture, times),
  erode: (picture, { times }) => erode(picture, times),
  threshold: (picture, { limit }) => threshold(picture, limit),
  pad: (picture, { sides: [left, top, right, bottom] = [0, 0, 0, 0] }) =>
    padByEdge(picture, { left, top, right, bottom }),
};

const cases: readonly Case[] = await Bun.file(goldenPath("picture-operations.json")).json();
const checksum = (data: Uint8Array) => new Bun.CryptoHasher("sha256").update(data).digest("hex").slice(0, 12);

for (const [name, group] of Map.groupBy(cases, ({ operation }) => operation))
  test(`${name}: ${group.length} pictures are the reference's, byte for byte`, () => {
    const operation = operations[name];
    if (operation === undefined) throw new Error(`${name} is not compared`);
    const wrong = group.filter((given) => {
      const picture = goldenPicture(given);
      const before = checksum(picture.data);
      const result = operation(picture, given);
      const [width, height] = given.size ?? given.to ?? [];
      const right = result.width === width && result.height === height;
      return !right || checksum(result.data) !== given.sha256 || checksum(picture.data) !== before;
    });
    expect(wrong.map((one) => JSON.stringify(one))).toEqual([]);
  });

test("the grey of noise is the reference's to one level in one of a thousand pixels", () => {
  // The search for it does not settle within its rounds, so that the order of sums in float64 is seen: one pixel of 5,063.
  const noise = rgb(goldenPicture({ kind: "noise", width: 61, height: 83, channels: 3, seed: 3 }));
  const expected = goldenTensors("picture-operations.safetensors")("decolor.noise").data;
  const differences = [...decolor(noise).grey.data].map((value, i) =>
    Math.abs(value - (expected[i] ?? Number.NaN)),
  );
  expect(differences.length).toBe(expected.length);
  expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  expect(differences.filter((one) => one > 0).length).toBeLessThanOrEqual(5);
});
