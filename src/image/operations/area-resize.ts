import { roundHalfEven } from "#/lib/round-half-even.ts";
import { channelsOf, type Picture } from "../greymap.ts";
import { type AreaWeights, areaWeights } from "./area-weights.ts";
import { likePicture } from "./like-picture.ts";

type Size = Readonly<{ width: number; height: number }>;

/**
 * A smaller picture whose pixels are the means of what they cover, byte for byte as OpenCV's INTER_AREA (float32 sums, halves
 * to the even value; whole factors by sums of integers). The picture itself at its own size.
 *
 * @throws RangeError where a side would grow, or become nothing
 */
export function areaResize<P extends Picture>(picture: P, size: Size): P {
  const { width, height } = size;
  if (width === picture.width && height === picture.height) return picture;
  if (!(width >= 1 && height >= 1 && width <= picture.width && height <= picture.height))
    throw new RangeError(`${picture.width} x ${picture.height} pixels cannot shrink to ${width} x ${height}`);
  const across = 1 / (width / picture.width);
  const down = 1 / (height / picture.height);
  const whole = isWhole(across) && isWhole(down);
  const factors = [Math.round(across), Math.round(down)] as const;
  return likePicture(picture, size, whole ? byBlocks(picture, size, factors) : byCells(picture, size));
}

const isWhole = (scale: number): boolean => Math.abs(scale - Math.round(scale)) < Number.EPSILON;

function byBlocks(picture: Picture, size: Size, [across, down]: readonly [number, number]): Uint8Array {
  const channels = channelsOf(picture);
  const stride = picture.width * channels;
  const out = new Uint8Array(size.width * size.height * channels);
  const share = Math.fround(1 / (across * down));
  // Blocks of four have a path of their own there, which rounds halves up.
  const four = across === 2 && down === 2;
  let to = 0;
  for (let y = 0; y < size.height; y += 1)
    for (let x = 0; x < size.width; x += 1)
      for (let c = 0; c < channels; c += 1) {
        let sum = 0;
        for (let j = 0; j < down; j += 1) {
          let at = (y * down + j) * stride + x * across * channels + c;
          for (let i = 0; i < across; i += 1, at += channels) sum += picture.data[at]!;
        }
        out[to++] = four ? (sum + 2) >> 2 : roundHalfEven(Math.fround(sum * share));
      }
  return out;
}

function byCells(picture: Picture, size: Size): Uint8Array {
  const values = size.width * channelsOf(picture);
  const columns = areaWeights(picture.width, size.width);
  const rows = areaWeights(picture.height, size.height);
  const out = new Uint8ClampedArray(values * size.height);
  const row = new Float32Array(values);
  const sums = new Float32Array(values);
  for (let y = 0; y < size.height; y += 1) {
    for (let k = rows.starts[y]!; k < rows.starts[y + 1]!; k += 1) {
      shrinkRow(picture, rows.from[k]!, columns, row);
      const weight = rows.weights[k]!;
      if (k === rows.starts[y]!) for (let x = 0; x < values; x += 1) sums[x] = row[x]! * weight;
      else for (let x = 0; x < values; x += 1) sums[x] = sums[x]! + Math.fround(row[x]! * weight);
    }
    // A clamped array rounds as OpenCV does: halves to the even value.
    out.set(sums, y * values);
  }
  return new Uint8Array(out.buffer);
}

/** One row of the picture into `row`, in float32 as everything here. */
function shrinkRow(picture: Picture, y: number, columns: AreaWeights, row: Float32Array): void {
  const { starts, from, weights } = columns;
  const channels = channelsOf(picture);
  const start = y * picture.width * channels;
  const { data } = picture;
  for (let x = 0; x + 1 < starts.length; x += 1)
    for (let c = 0; c < channels; c += 1) {
      let sum = 0;
      for (let k = starts[x]!; k < starts[x + 1]!; k += 1)
        sum = Math.fround(sum + Math.fround(data[start + from[k]! * channels + c]! * weights[k]!));
      row[x * channels + c] = sum;
    }
}
