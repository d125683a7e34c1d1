import { channelsOf, type Picture } from "../greymap.ts";
import { likePicture } from "./like-picture.ts";

/**
 * Every pixel the mean of the square of 2 * radius + 1 around it, edges repeated outwards, byte for byte as Pillow's BoxBlur
 * of an integer radius: rows, then columns, 8 bits between. The time does not depend on the radius. 0 changes nothing.
 */
export function boxBlur<P extends Picture>(picture: P, radius: number): P {
  if (!Number.isInteger(radius) || radius < 0) throw new RangeError(`no whole radius: ${radius}`);
  if (radius === 0) return picture;
  const { width, height, data } = picture;
  const channels = channelsOf(picture);
  const between = new Uint8Array(data.length);
  for (let c = 0; c < channels; c += 1) blurRows(data, between, { width, height, channels, c }, radius);
  const out = new Uint8Array(data.length);
  blurColumns(between, out, width * channels, radius);
  return likePicture(picture, picture, out);
}

/** The weight of a whole pixel and of what lies at the fraction's edge, 24 bits behind the point; their rest from rounding. */
export function boxWeights(radius: number): readonly [whole: number, far: number] {
  const whole = Math.floor(Math.fround(2 ** 24 / Math.fround(2 * radius + 1)));
  return [whole, Math.floor((2 ** 24 - (2 * radius + 1) * whole) / 2)];
}

const half = 2 ** 23;

type Channel = Readonly<{ width: number; height: number; channels: number; c: number }>;

/** Sums are of 32 bits without a sign: 255 * 2^24 + 2^23 just fits. */
function blurRows(data: Uint8Array, out: Uint8Array, channel: Channel, radius: number): void {
  const { width, height, channels, c } = channel;
  const [whole, far] = boxWeights(radius);
  const last = width - 1;
  const row = new Uint8Array(width);
  for (let y = 0; y < height; y += 1) {
    const start = y * width * channels + c;
    for (let x = 0; x < width; x += 1) row[x] = data[start + x * channels]!;
    // The window around -1: its left part repeats the first pixel, its right part may pass the last one.
    let sum = row[0]! * (radius + 1) + row[last]! * Math.max(0, radius - width);
    for (let x = 0; x < Math.min(radius, width); x += 1) sum += row[x]!;
    for (let x = 0; x < width; x += 1) {
      const leaving = row[Math.max(0, x - radius - 1)]!;
      sum = (sum + row[Math.min(last, x + radius)]! - leaving) | 0;
      const ends = leaving + row[Math.min(last, x + radius + 1)]!;
      out[start + x * channels] = (Math.imul(sum, whole) + Math.imul(ends, far) + half) >>> 24;
    }
  }
}

/** The same down all columns at once, row by row. */
function blurColumns(data: Uint8Array, out: Uint8Array, values: number, radius: number): void {
  const [whole, far] = boxWeights(radius);
  const height = data.length / values;
  const last = height - 1;
  const sums = new Int32Array(values);
  for (let x = 0; x < values; x += 1)
    sums[x] = data[x]! * (radius + 1) + data[last * values + x]! * Math.max(0, radius - height);
  for (let y = 0; y < Math.min(radius, height); y += 1)
    for (let x = 0; x < values; x += 1) sums[x] = sums[x]! + data[y * values + x]!;
  for (let y = 0; y < height; y += 1) {
    const leaving = Math.max(0, y - radius - 1) * values;
    const coming = Math.min(last, y + radius) * values;
    const next = Math.min(last, y + radius + 1) * values;
    const to = y * values;
    for (let x = 0; x < values; x += 1) {
      const left = data[leaving + x]!;
      const sum = (sums[x]! + data[coming + x]! - left) | 0;
      sums[x] = sum;
      const ends = left + data[next + x]!;
      out[to + x] = (Math.imul(sum, whole) + Math.imul(ends, far) + half) >>> 24;
    }
  }
}
