import { combine, type Latent, pairs, type Steps, slope, type Walk } from "../sampler.ts";

const mostSlopes = 4;

/**
 * A linear multistep method (Adams-Bashforth with steps of any length, Hairer et al. 1993, III.5) in sigma: the
 * polynomial through the last four slopes is integrated over the step. One network call a step.
 */
export async function* lms({ denoise, x: start, sigmas }: Walk): Steps {
  let x = start;
  /** The newest first. */
  let slopes: Latent[] = [];
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    slopes = [slope(x, denoised, from), ...slopes].slice(0, mostSlopes);
    const levels = slopes.map((_, j) => sigmas[index - j]!);
    x = combine([1, x], ...slopes.map((d, j): [number, Latent] => [basisIntegral(levels, j, to), d]));
  }
  return x;
}

/** The integral of Lagrange's j-th basis polynomial over the levels, from the first level to another, in closed form. */
function basisIntegral(levels: readonly number[], j: number, to: number): number {
  // In distances from the first level: powers of the levels themselves would cancel.
  const [origin = 0] = levels;
  const node = levels[j]! - origin;
  let coefficients = [1];
  for (const [k, level] of levels.entries()) {
    if (k === j) continue;
    const other = level - origin;
    const scaled = coefficients.map((c) => c / (node - other));
    coefficients = [...scaled, 0].map((c, power) => -other * c + (power === 0 ? 0 : scaled[power - 1]!));
  }
  const width = to - origin;
  return coefficients.reduce((sum, c, power) => sum + (c * width ** (power + 1)) / (power + 1), 0);
}
