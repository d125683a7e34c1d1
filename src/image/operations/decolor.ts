import type { Greymap } from "../greymap.ts";
import type { Pixmap } from "../pixmap.ts";
import { bilinearResize } from "./bilinear-resize.ts";
import { decolorGradients, monomialAt, monomials } from "./decolor-gradients.ts";
import { decolorWeights } from "./decolor-weights.ts";
import type { FloatMap } from "./float-map.ts";
import { bgrOfLab, labOfBgr } from "./lab-bytes.ts";

/** Sides together up to which the weights are found on the picture itself. */
const enough = 800;

const { fround } = Math;

/**
 * A picture in grey that keeps apart what its colours keep apart, and the picture with that grey as its lightness; as
 * OpenCV's decolor. That takes the channels for blue, green and red, whatever they are: so does this, and the network for
 * structures was trained behind it.
 */
export function decolor(picture: Pixmap): Readonly<{ grey: Greymap; boosted: Pixmap }> {
  const { width, height } = picture;
  const share = fround(1 / 255);
  const map = { width, height, channels: 3, data: Float32Array.from(picture.data, (value) => value * share) };
  const weights = decolorWeights(decolorGradients(smaller(map)));
  const grey: Greymap = { width, height, data: asBytes(greyOf(map, weights)), channels: 1 };
  const lab = labOfBgr(picture).data;
  for (const [i, value] of grey.data.entries()) lab[i * 3] = value;
  return { grey, boosted: bgrOfLab({ width, height, data: lab }) };
}

function smaller(map: FloatMap): FloatMap {
  const sides = map.width + map.height;
  if (sides <= enough) return map;
  const side = (length: number): number => Math.floor(length * (enough / sides) + 0.5);
  return bilinearResize(map, { width: side(map.width), height: side(map.height) });
}

function greyOf({ data }: FloatMap, weights: Float64Array): Float32Array {
  const sums = new Float32Array(data.length / 3);
  for (const [k, powers] of monomials.entries()) {
    const weight = fround(weights[k]!);
    for (let i = 0; i < sums.length; i += 1)
      sums[i] = sums[i]! + weight * monomialAt(powers, data[3 * i + 2]!, data[3 * i + 1]!, data[3 * i]!);
  }
  return sums;
}

/** From the smallest to the largest value; 0 where they are all the same. */
function asBytes(values: Float32Array): Uint8Array {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const factor = fround(1 / fround(most - least));
  // A clamped array takes NaN for 0, and rounds halves to the even value.
  const bytes = Uint8ClampedArray.from(values, (value) =>
    fround(fround(fround(value - least) * factor) * 255),
  );
  return new Uint8Array(bytes.buffer);
}
