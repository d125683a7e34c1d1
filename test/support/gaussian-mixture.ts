/** One part of a mixture: its weights sum up to 1. */
export type Gaussian = Readonly<{ weight: number; mean: number; deviation: number }>;

/** The best estimate of a value from the mixture that was seen with noise: the denoiser that training aims at. */
export function posteriorMean(mixture: readonly Gaussian[], x: number, sigma: number): number {
  let sum = 0;
  let total = 0;
  for (const { weight, mean, deviation } of mixture) {
    const variance = deviation ** 2 + sigma ** 2;
    const share = (weight * Math.exp((-0.5 * (x - mean) ** 2) / variance)) / Math.sqrt(variance);
    sum += (share * (deviation ** 2 * x + sigma ** 2 * mean)) / variance;
    total += share;
  }
  return sum / total;
}

/**
 * Where the probability-flow ODE leads from x at one noise level at another: in one dimension it keeps quantiles, so it is
 * the value with as much of the mixture below it.
 */
export function exactEnd(
  mixture: readonly Gaussian[],
  x: number,
  [from, to]: readonly [number, number],
): number {
  const wanted = below(mixture, x, from);
  let [low, high] = [-100, 100];
  for (let i = 0; i < 100; i += 1) {
    const middle = (low + high) / 2;
    if (below(mixture, middle, to) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** How much of the mixture with noise lies below x. */
const below = (mixture: readonly Gaussian[], x: number, sigma: number): number =>
  mixture.reduce((sum, { weight, mean, deviation }) => {
    const z = (x - mean) / Math.sqrt(deviation ** 2 + sigma ** 2);
    return sum + weight * normalBelow(z);
  }, 0);

/** The standard normal distribution, by its series; exact to 1e-12 below 6 deviations. */
function normalBelow(z: number): number {
  if (Math.abs(z) > 8) return z < 0 ? 0 : 1;
  let term = z;
  let sum = z;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && k < 400; k += 1) {
    term *= z ** 2 / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * z ** 2)) / Math.sqrt(2 * Math.PI);
}
