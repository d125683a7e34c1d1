/** A filter of a resampler: its value at a distance, 0 from `support` on. */
export type ResampleFilter = Readonly<{ support: number; at: (distance: number) => number }>;

/** For each output pixel of an axis: its first input pixel, how many there are, and (padded to `taps`) their weights. */
export type ResampleWeights = Readonly<{
  taps: number;
  first: Int32Array;
  count: Int32Array;
  weights: Int32Array;
}>;

/** An axis of `from` pixels that gets `to`, of which those from `start` to before `end` are wanted. */
export type ResampledAxis = Readonly<{ from: number; to: number; start: number; end: number }>;

/** Bits behind the point of a weight. */
export const weightBits = 22;

/**
 * What each output pixel of an axis takes of which input pixels, as Pillow's Resample.c has it:
 * the filter is as much wider as the axis shrinks, cut off at the ends, normalised, and rounded to 22 bits half away from 0.
 */
export function resampleWeights(
  filter: ResampleFilter,
  { from, to, start: begin, end }: ResampledAxis,
): ResampleWeights {
  const scale = from / to;
  const outputs = end - begin;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputs);
  const count = new Int32Array(outputs);
  const weights = new Int32Array(outputs * taps);
  const exact = new Float64Array(taps);
  const perPixel = 1 / stretch;
  for (let i = 0; i < outputs; i += 1) {
    const centre = (begin + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const number = Math.min(from, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let j = 0; j < number; j += 1) {
      const weight = filter.at((j + start - centre + 0.5) * perPixel);
      exact[j] = weight;
      sum += weight;
    }
    for (let j = 0; j < number; j += 1) {
      const weight = (exact[j]! / (sum === 0 ? 1 : sum)) * 2 ** weightBits;
      weights[i * taps + j] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[i] = start;
    count[i] = number;
  }
  return { taps, first, count, weights };
}
