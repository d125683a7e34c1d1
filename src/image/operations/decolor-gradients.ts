import type { FloatMap } from "./float-map.ts";
import { labOfBgrFloats } from "./lab-floats.ts";

/** Powers of red, green and blue whose weighted sum makes the grey: all of degree 1 and 2, in the reference's order. */
export const monomials = [
  [0, 0, 1],
  [0, 0, 2],
  [0, 1, 0],
  [0, 1, 1],
  [0, 2, 0],
  [1, 0, 0],
  [1, 0, 1],
  [1, 1, 0],
  [2, 0, 0],
] as const;

/** A monomial's value, in float64. */
export const monomialAt = (
  [r, g, b]: (typeof monomials)[number],
  red: number,
  green: number,
  blue: number,
): number => power(red, r) * power(green, g) * power(blue, b);

/** `**` does the same many times slower. */
const power = (value: number, exponent: 0 | 1 | 2): number =>
  exponent === 0 ? 1 : exponent === 1 ? value : value * value;

/** How a small picture changes from pixel to pixel; each list has the steps across, then those down, column by column. */
export type DecolorGradients = Readonly<{
  /** Of each monomial. */
  monomials: readonly Float32Array[];
  /** How far apart the colours are in CIE L*a*b*, hundredths. */
  contrast: Float64Array;
  /** Which of the two is brighter where all channels agree: 1 or -1, else 0. */
  order: Int8Array;
}>;

/** A step of less than this in any channel says nothing about which is brighter. */
const clear = 0.05;

/** @param map blue, green, red in 0 ... 1 */
export function decolorGradients(map: FloatMap): DecolorGradients {
  const lab = labOfBgrFloats(map);
  const [light, redness, yellowness] = [0, 1, 2].map((c) => steps(map, channel(lab, c)));
  const [blue, green, red] = [0, 1, 2].map((c) => channel(map, c));
  const contrast = new Float64Array(map.width * map.height * 2);
  for (let i = 0; i < contrast.length; i += 1)
    contrast[i] = Math.sqrt(light![i]! ** 2 + redness![i]! ** 2 + yellowness![i]! ** 2) / 100;
  const [inBlue, inGreen, inRed] = [blue!, green!, red!].map((values) => steps(map, values));
  const order = Int8Array.from(inRed!, (step, i) => {
    if (step > clear && inGreen![i]! > clear && inBlue![i]! > clear) return 1;
    return step < -clear && inGreen![i]! < -clear && inBlue![i]! < -clear ? -1 : 0;
  });
  const products = monomials.map((powers) =>
    steps(
      map,
      red!.map((value, i) => monomialAt(powers, value, green![i]!, blue![i]!)),
    ),
  );
  return { monomials: products, contrast, order };
}

const channel = ({ data, channels }: FloatMap, c: number): Float32Array =>
  Float32Array.from({ length: data.length / channels }, (_, i) => data[i * channels + c]!);

/** From each pixel to the one at its right, and to the one below; none in the last column, or row. */
function steps({ width, height }: FloatMap, values: Float32Array): Float32Array {
  const out = new Float32Array(values.length * 2);
  for (let x = 0; x < width; x += 1)
    for (let y = 0; y < height; y += 1) {
      const [at, to] = [y * width + x, x * height + y];
      if (x + 1 < width) out[to] = values[at]! - values[at + 1]!;
      if (y + 1 < height) out[values.length + to] = values[at]! - values[at + width]!;
    }
  return out;
}
