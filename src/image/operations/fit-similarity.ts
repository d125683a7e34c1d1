import type { Affine } from "./warp-affine.ts";

/** A place in a picture, in pixels; the middle of the first pixel is 0, 0. */
export type Point = Readonly<{ x: number; y: number }>;

/** A point, and where it is to be. */
type Pair = Readonly<{ from: Point; to: Point }>;

/**
 * The two of five points that each trial goes through. These, and not all pairs, are what OpenCV's generator draws from the seed
 * that it always starts with, in the 13 trials that it makes where up to 45 % of the points may lie wrong.
 */
const trials = [
  [0, 4],
  [0, 3],
  [1, 2],
  [1, 0],
  [1, 4],
  [3, 1],
] as const;

/** Below this residual, in pixels, no point is left out. */
const least = 0.001;

/** A median of squares as a standard deviation, with Rousseeuw's correction for few points, and how many of these are kept. */
const spread = 2.5 * 1.4826 * (1 + 5 / (5 - 2));

/**
 * The rotation, uniform scale and shift that brings five points where they are to be, as OpenCV's `estimateAffinePartial2D` with
 * LMEDS: of the trials through two points each that of the least median of squares (Rousseeuw 1984), then least squares on the
 * points that do not lie too far off by it.
 *
 * @returns undefined where all trials go through two points at one place
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Affine | undefined {
  const pairs = from.flatMap((point, i): Pair[] => {
    const aim = to[i];
    return aim === undefined ? [] : [{ from: inFloat32(point), to: inFloat32(aim) }];
  });
  let best: Readonly<{ median: number; errors: readonly number[] }> | undefined;
  for (const [i, j] of trials) {
    const through = [pairs[i], pairs[j]].filter((pair) => pair !== undefined);
    const affine = leastSquares(through);
    if (affine === undefined) continue;
    const errors = pairs.map((pair) => squaredError(affine, pair));
    const median = errors.toSorted((a, b) => a - b)[Math.floor(errors.length / 2)] ?? Number.NaN;
    if (best === undefined || median < best.median) best = { median, errors };
  }
  if (best === undefined) return undefined;
  const { median, errors } = best;
  const farthest = Math.fround(Math.max(least, spread * Math.sqrt(median)) ** 2);
  return leastSquares(pairs.filter((_, i) => (errors[i] ?? Number.NaN) <= farthest));
}

const inFloat32 = ({ x, y }: Point): Point => ({ x: Math.fround(x), y: Math.fround(y) });

/** Undefined where all points lie at one place. */
function leastSquares(pairs: readonly Pair[]): Affine | undefined {
  const mean = (of: (pair: Pair) => number): number =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  const [fromX, fromY] = [mean(({ from }) => from.x), mean(({ from }) => from.y)];
  const [toX, toY] = [mean(({ to }) => to.x), mean(({ to }) => to.y)];
  let [length, cosine, sine] = [0, 0, 0];
  for (const { from, to } of pairs) {
    const [x, y, u, v] = [from.x - fromX, from.y - fromY, to.x - toX, to.y - toY];
    length += x * x + y * y;
    cosine += x * u + y * v;
    sine += x * v - y * u;
  }
  if (!(length > 0)) return undefined;
  const [a, b] = [cosine / length, sine / length];
  return [a, -b, toX - a * fromX + b * fromY, b, a, toY - b * fromX - a * fromY];
}

/** In float32, as it is compared there. */
function squaredError([m0, m1, m2, m3, m4, m5]: Affine, { from: { x, y }, to }: Pair): number {
  const { fround } = Math;
  const row = (a: number, b: number, c: number, aim: number): number =>
    fround(fround(fround(fround(fround(a) * x) + fround(fround(b) * y)) + fround(c)) - aim);
  const [across, down] = [row(m0, m1, m2, to.x), row(m3, m4, m5, to.y)];
  return fround(fround(across * across) + fround(down * down));
}
