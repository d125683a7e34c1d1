import type { WeightRef } from "./weight-file.ts";

/**
 * Some output channels of a weight in 8 bits: the value of a code is code · scale of its channel.
 *
 * `codes` [in, width] for a matrix, [kh · kw · in, width] for a kernel; signed, from -127 to 127. `scales` [width];
 * `sums` [width], the codes of each channel added up and scaled, which is what a constant added to every input adds to the
 * answer: of kernels of more than one point alone ({@link hasSums}).
 */
export type CodedPart = Readonly<{ codes: WeightRef; scales: WeightRef; sums?: WeightRef }>;

/** Whether a weight of this shape reads features whose middle is not at 0: rows are coded around it. */
export const hasSums = ([, , ...kernel]: readonly number[]): boolean => kernel.some((side) => side > 1);

/** A weight in 8 bits: parts of equal width, in the order of the output channels. */
export type CodedWeight = readonly CodedPart[];

/** Weights in 8 bits by the names of their modules. */
export type CodedWeights = ReadonlyMap<string, CodedWeight>;

/** A weight that is to be coded: its module, where it lies, and in how many parts. */
export type ToCode = Readonly<{ module: string; ref: WeightRef; parts: number }>;

/** Codes, scales and sums of a weight of so many output channels and inputs to each. */
export type Codes = Readonly<{ codes: Int8Array; scales: Float32Array; sums: Float32Array }>;

/** The largest code: symmetrical, so that zero is zero. */
const most = 127;

/** Output channels that are gone through together, so that what they write lies close by. */
const block = 32;

/**
 * Codes a weight, each output channel by its largest value: code = floor(value · 127 / largest + ½). A channel that holds
 * infinities or NaN gets the scale NaN, so that its answers are as wrong as they would have been.
 *
 * @param values [out, in] or [out, in, kh, kw], which is seen as [out, kh, kw, in]
 * @returns the codes part by part, each [inputs, out / parts]
 */
export function coded(values: Float32Array, shape: readonly number[], parts: number): Codes {
  const [out = 1, input = 1, ...kernel] = shape;
  const points = kernel.reduce((product, n) => product * n, 1);
  const inputs = input * points;
  const width = out / parts;
  const codes = new Int8Array(out * inputs);
  const scales = new Float32Array(out);
  const sums = new Float32Array(out);
  const factors = new Float64Array(out);
  for (let o = 0; o < out; o += 1) {
    const largest = largestOf(values, o * inputs, inputs);
    scales[o] = largest / most;
    factors[o] = largest > 0 ? most / largest : 0;
  }
  const totals = new Float64Array(out);
  for (let part = 0; part < parts; part += 1) {
    const own = codes.subarray(part * width * inputs, (part + 1) * width * inputs);
    for (let first = 0; first < width; first += block) {
      const last = Math.min(first + block, width);
      for (let at = 0; at < inputs; at += 1) {
        // In a kernel the inputs of one point lie side by side in the codes, the points of one input in the file.
        const row = ((at % points) * input + Math.floor(at / points)) * width;
        for (let o = first; o < last; o += 1) {
          const channel = part * width + o;
          const code = Math.floor((values[channel * inputs + at] ?? 0) * (factors[channel] ?? 0) + 0.5);
          own[row + o] = code;
          totals[channel] = (totals[channel] ?? 0) + code;
        }
      }
    }
  }
  for (let o = 0; o < out; o += 1) sums[o] = (totals[o] ?? 0) * (scales[o] ?? 0);
  return { codes, scales, sums };
}

/** NaN where one of them is infinite or no number. */
function largestOf(values: Float32Array, from: number, count: number): number {
  let largest = 0;
  let odd = 0;
  for (let at = from; at < from + count; at += 1) {
    const value = values[at] ?? 0;
    odd += value - value;
    const size = Math.abs(value);
    if (size > largest) largest = size;
  }
  return odd === 0 ? largest : Number.NaN;
}
