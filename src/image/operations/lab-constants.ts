import { roundHalfEven } from "#/lib/round-half-even.ts";

/** CIE XYZ of D65 by linear sRGB, and back; rows are X, Y, Z and R, G, B, columns the others in that order. */
export const rgbToXyz = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
] as const;
export const xyzToRgb = [
  [3.240479, -1.53715, -0.498535],
  [-0.969256, 1.875991, 0.041556],
  [0.055648, -0.204043, 1.057311],
] as const;

/** XYZ of white. */
export const white = [0.950456, 1, 1.088754] as const;

const { fround } = Math;

/** Below this share of white the cube root is replaced by a line: its end, slope and start, (6/29)³, (29/6)²/3 and 16/116. */
const lineEnd = fround(216 / 24389);
const slope = fround(841 / 108);
const start = fround(16 / 116);

/** Polynomials above and below the line of {@link cubeRoot}, highest power first. */
const aboveLine = [
  45.2548339756803, 192.2798368355061, 119.16548242855816, 13.432501390862399, 0.16361612265857542,
] as const;
const belowLine = [14.808840932191346, 151.97140510444356, 168.52544141015682, 33.99059413502156, 1] as const;

const horner = (polynomial: readonly number[], x: number): number =>
  polynomial.reduce((sum, coefficient) => sum * x + coefficient, 0);

/**
 * The cube root as OpenCV has it, a quotient of two polynomials of fourth degree on [1/8, 1), of which the bits that
 * float32 does not have are cut off: whether a value of a table is rounded up or down depends on it.
 */
function cubeRoot(value: number): number {
  let [x, scale] = [value, 1];
  for (; x >= 1; x /= 8) scale *= 2;
  for (; x < 0.125; x *= 8) scale /= 2;
  return cutOff(horner(aboveLine, x) / horner(belowLine, x)) * scale;
}

/** The largest float32 that is not larger than a value of 0.5 ... 1. */
const cutOff = (value: number): number => Math.floor(value * 2 ** 24) / 2 ** 24;

/** CIE's f of a share of white, float32. */
export const labCurve = (share: number): number =>
  share > lineEnd ? cubeRoot(share) : fround(share * slope + start);

/** Whether a share of white is beyond CIE's line. */
export const isBright = (share: number): boolean => share > lineEnd;

/** sRGB's curve from a value of 0 ... 1 to light, float32; and back. */
export const toLight = (value: number): number =>
  fround(value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
export const fromLight = (light: number): number =>
  fround(light <= 0.0031308 ? light * 12.92 : light ** (1 / 2.4) * 1.055 - 0.055);

/** A table of integers, each rounded to the nearest from the float32 of a function. */
export const integerTable = (length: number, at: (i: number) => number): Int32Array =>
  Int32Array.from({ length }, (_, i) => roundHalfEven(fround(at(i))));
