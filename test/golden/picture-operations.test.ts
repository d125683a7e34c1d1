import { expect, test } from "bun:test";
import type { Picture } from "#/image/greymap.ts";
import { bicubicResize } from "#/image/operations/bicubic-resize.ts";
import { boxBlur } from "#/image/operations/box-blur.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { dilate, erode } from "#/image/operations/morphology.ts";
import { padByEdge } from "#/image/operations/pad.ts";
import { resizeToFill } from "#/image/operations/resize-to-fill.ts";
import { threshold } from "#/image/operations/threshold.ts";
import { goldenPath } from "../support/golden.ts";
import { goldenPicture, type PictureSource } from "../support/golden-picture.ts";

/** Against Pillow 9.4, OpenCV 4.10 and numpy (scripts/golden/picture_operations.py): every byte. */
type Case = PictureSource &
  Readonly<{
    operation: string;
    to?: readonly [number, number];
    radius?: number;
    times?: number;
    limit?: number;
    sides?: readonly [number, number, number, number];
    size?: readonly [number, number];
    sha256: string;
  }>;

const sizeOf = ({ to: [width, height] = [0, 0] }: Case) => ({ width, height });

const operations: Readonly<Record<string, (picture: Picture, given: Case) => Picture>> = {
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
    expect(wrong).toEqual([]);
  });
