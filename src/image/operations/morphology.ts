import { channelsOf, type Picture } from "../greymap.ts";
import { likePicture } from "./like-picture.ts";

/** The largest value of the 3 x 3 pixels around each, `times` times over, as OpenCV's dilate: what is outside is ignored. */
export function dilate<P extends Picture>(picture: P, times = 1): P {
  return spread(picture, times, 0);
}

/** The smallest value of the 3 x 3 pixels around each, `times` times over, as OpenCV's erode: what is outside is ignored. */
export function erode<P extends Picture>(picture: P, times = 1): P {
  return spread(picture, times, 255);
}

/**
 * The square is one of rows and one of columns, and they may be done one after the other. Erosion is dilation of the
 * negative (`flip` 255): x ^ 255.
 */
function spread<P extends Picture>(picture: P, times: number, flip: 0 | 255): P {
  if (!Number.isInteger(times) || times < 0) throw new RangeError(`cannot be done ${times} times`);
  const channels = channelsOf(picture);
  const { width, height } = picture;
  const values = width * channels;
  let data = picture.data.map((value) => value ^ flip);
  let out = new Uint8Array(data.length);
  for (let round = 0; round < times; round += 1) {
    for (let y = 0; y < height; y += 1)
      largestInRow(data, out, { start: y * values, values, step: channels });
    [data, out] = [out, data];
  }
  for (let round = 0; round < times; round += 1) {
    for (let y = 0; y < height; y += 1)
      largestOfRows(data, out, y * values, {
        values,
        above: Math.max(0, y - 1) * values,
        below: Math.min(height - 1, y + 1) * values,
      });
    [data, out] = [out, data];
  }
  return likePicture(
    picture,
    picture,
    data.map((value) => value ^ flip),
  );
}

type Row = Readonly<{ start: number; values: number; step: number }>;

function largestInRow(data: Uint8Array, out: Uint8Array, { start, values, step }: Row): void {
  const end = start + values;
  const most = (a: number, b: number): number => (a > b ? a : b);
  for (let at = start; at < Math.min(end, start + step); at += 1)
    out[at] = at + step < end ? most(data[at]!, data[at + step]!) : data[at]!;
  for (let at = start + step; at < end - step; at += 1)
    out[at] = most(most(data[at - step]!, data[at]!), data[at + step]!);
  for (let at = Math.max(start + step, end - step); at < end; at += 1)
    out[at] = most(data[at - step]!, data[at]!);
}

type Neighbours = Readonly<{ values: number; above: number; below: number }>;

function largestOfRows(data: Uint8Array, out: Uint8Array, start: number, rows: Neighbours): void {
  const { values, above, below } = rows;
  for (let x = 0; x < values; x += 1) {
    const upper = data[above + x]!;
    const own = data[start + x]!;
    const lower = data[below + x]!;
    const most = upper > own ? upper : own;
    out[start + x] = most > lower ? most : lower;
  }
}
