import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Greymap, Picture } from "#/image/greymap.ts";
import { crop } from "#/image/operations/crop.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { threshold } from "#/image/operations/threshold.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { areaOfInterest } from "#/pipeline/inpaint/area-of-interest.ts";
import { filled } from "#/pipeline/inpaint/filled.ts";
import { pasteBack } from "#/pipeline/inpaint/paste-back.ts";
import { softMask } from "#/pipeline/inpaint/soft-mask.ts";
import { workingSize } from "#/pipeline/inpaint/working-size.ts";
import expected from "./inpaint-pixels.json" with { type: "json" };

/** What is done with pixels before and after, byte for byte as Pillow, OpenCV and numpy do it (scripts/golden/inpaint.py). */
type Case = Readonly<{
  size: readonly [height: number, width: number];
  rows: readonly [number, number];
  columns: readonly [number, number];
  field: number;
  sizeNumber: number;
}>;
const cases: Readonly<Record<keyof typeof expected, Case>> = {
  middle: { size: [100, 120], rows: [40, 60], columns: [50, 61], field: 0.618, sizeNumber: 128 },
  corner: { size: [77, 101], rows: [0, 9], columns: [90, 101], field: 0.3, sizeNumber: 192 },
  whole: { size: [96, 64], rows: [0, 96], columns: [0, 64], field: 0.5, sizeNumber: 128 },
  "field 0": { size: [90, 140], rows: [30, 47], columns: [100, 104], field: 0, sizeNumber: 128 },
  "field 1": { size: [131, 65], rows: [100, 131], columns: [0, 20], field: 1, sizeNumber: 128 },
};

const told = ({ width, height, data, channels = 3 }: Picture) => ({
  shape: channels === 1 ? [height, width] : [height, width, 3],
  sha256: createHash("sha256").update(data).digest("hex"),
});

function pictureOf(height: number, width: number): Pixmap {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, at) => {
    const [c, x, y] = [at % 3, Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    return (x * 3 + y * 5 + c * 67 + Math.floor((x * y) / 16)) % 256;
  });
  return { width, height, data };
}

function maskOf({ size: [height, width], rows, columns }: Case): Greymap {
  const data = Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return y >= rows[0] && y < rows[1] && x >= columns[0] && x < columns[1] ? 255 : 0;
  });
  return { width, height, channels: 1, data };
}

for (const [name, one] of Object.entries(cases) as [keyof typeof expected, Case][])
  test(`${name}: area, working picture and hole, fill, soft mask, what is put back`, async () => {
    const [picture, mask] = [pictureOf(...one.size), maskOf(one)];
    const box = areaOfInterest(mask, one.field)!;
    expect([box.top, box.bottom, box.left, box.right]).toEqual(expected[name].area);
    const part = crop(picture, box);
    const size = workingSize(part, one.sizeNumber);
    const working = lanczosResize(part, size);
    const hole = threshold(lanczosResize(crop(mask, box), size));
    expect(told(working)).toEqual(expected[name].working);
    expect(told(hole)).toEqual(expected[name].hole);
    const walk = filled(working, hole);
    let fill = await walk.next();
    while (fill.done !== true) fill = await walk.next();
    expect(told(fill.value)).toEqual(expected[name].fill);
    const soft = softMask(mask);
    expect(told(soft)).toEqual(expected[name].soft);
    const content = { ...working, data: working.data.map((value) => 255 - value) };
    expect(told(pasteBack({ whole: picture, box, soft }, content))).toEqual(expected[name].result);
  });
