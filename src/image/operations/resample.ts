import { channelsOf, type Picture } from "../greymap.ts";
import { type Box, crop } from "./crop.ts";
import { likePicture } from "./like-picture.ts";
import {
  type ResampleFilter,
  type ResampleWeights,
  resampleWeights,
  weightBits,
} from "./resample-weights.ts";

/** A half in the fixed point of the weights: sums are rounded, not cut off. */
const half = 2 ** (weightBits - 1);

type Size = Readonly<{ width: number; height: number }>;

const whole = ({ width, height }: Size): Box => ({ left: 0, top: 0, right: width, bottom: height });

/**
 * A picture at another size by a filter, byte for byte as Pillow's `Image.resize` before version 13: first the rows, then the columns, rounded
 * and clipped to 0 ... 255 after each; an axis that keeps its size is not filtered. The picture itself if neither changes.
 *
 * @param window what of the result is wanted; the rest is not made, however large it would be
 */
export function resample<P extends Picture>(
  picture: P,
  size: Size,
  filter: ResampleFilter,
  window: Box = whole(size),
): P {
  const [across, down] = [size.width !== picture.width, size.height !== picture.height];
  const kept = crop(picture, {
    left: across ? 0 : window.left,
    top: down ? 0 : window.top,
    right: across ? picture.width : window.right,
    bottom: down ? picture.height : window.bottom,
  });
  const channels = channelsOf(picture);
  const wanted = { width: window.right - window.left, height: window.bottom - window.top };
  let { data } = kept;
  if (across) {
    const axis = { from: picture.width, to: size.width, start: window.left, end: window.right };
    const columns = resampleWeights(filter, axis);
    data = channels === 1 ? greyRows(data, kept, columns) : colourRows(data, kept, columns);
  }
  if (down) {
    const axis = { from: picture.height, to: size.height, start: window.top, end: window.bottom };
    data = alongColumns(data, wanted.width * channels, resampleWeights(filter, axis));
  }
  return data === picture.data ? picture : likePicture(picture, wanted, data);
}

function greyRows(data: Uint8Array, { width, height }: Size, axis: ResampleWeights): Uint8Array {
  const { taps, first, count, weights } = axis;
  const wide = first.length;
  const out = new Uint8ClampedArray(wide * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < wide; x += 1) {
      let at = y * width + first[x]!;
      const start = x * taps;
      const end = start + count[x]!;
      let sum = half;
      for (let k = start; k < end; k += 1) sum = (sum + Math.imul(data[at++]!, weights[k]!)) | 0;
      out[y * wide + x] = sum >> weightBits;
    }
  return new Uint8Array(out.buffer);
}

function colourRows(data: Uint8Array, { width, height }: Size, axis: ResampleWeights): Uint8Array {
  const { taps, first, count, weights } = axis;
  const wide = first.length;
  const out = new Uint8ClampedArray(wide * height * 3);
  let to = 0;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < wide; x += 1) {
      let at = (y * width + first[x]!) * 3;
      const start = x * taps;
      const end = start + count[x]!;
      let [red, green, blue] = [half, half, half];
      for (let k = start; k < end; k += 1) {
        const weight = weights[k]!;
        red = (red + Math.imul(data[at]!, weight)) | 0;
        green = (green + Math.imul(data[at + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[at + 2]!, weight)) | 0;
        at += 3;
      }
      out[to] = red >> weightBits;
      out[to + 1] = green >> weightBits;
      out[to + 2] = blue >> weightBits;
      to += 3;
    }
  return new Uint8Array(out.buffer);
}

/**
 * The columns of rows of so many values each, by an axis that counts from the first row here. Whole rows are added up, four
 * at a time: that reads memory in its order.
 */
export function alongColumns(data: Uint8Array, values: number, axis: ResampleWeights): Uint8Array {
  const { taps, first, count, weights } = axis;
  const out = new Uint8ClampedArray(values * first.length);
  const sums = new Int32Array(values);
  for (let y = 0; y < first.length; y += 1) {
    sums.fill(half);
    const rows = count[y]!;
    let k = 0;
    for (; k + 4 <= rows; k += 4)
      addFourRows(sums, data, (first[y]! + k) * values, weights.subarray(y * taps + k));
    for (; k < rows; k += 1) {
      const at = (first[y]! + k) * values;
      const weight = weights[y * taps + k]!;
      for (let x = 0; x < values; x += 1) sums[x] = sums[x]! + Math.imul(data[at + x]!, weight);
    }
    const to = y * values;
    for (let x = 0; x < values; x += 1) out[to + x] = sums[x]! >> weightBits;
  }
  return new Uint8Array(out.buffer);
}

function addFourRows(sums: Int32Array, data: Uint8Array, at: number, weights: Int32Array): void {
  const values = sums.length;
  const [a, b, c, d] = [weights[0]!, weights[1]!, weights[2]!, weights[3]!];
  const [second, third, fourth] = [at + values, at + 2 * values, at + 3 * values];
  for (let x = 0; x < values; x += 1)
    sums[x] =
      (sums[x]! +
        Math.imul(data[at + x]!, a) +
        Math.imul(data[second + x]!, b) +
        Math.imul(data[third + x]!, c) +
        Math.imul(data[fourth + x]!, d)) |
      0;
}
