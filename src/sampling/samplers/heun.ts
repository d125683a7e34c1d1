import { combine, type Denoise, type Latent, pairs, type Steps, slope, type Walk } from "../sampler.ts";

/** Heun's method on the probability-flow ODE (Karras et al. 2022, algorithm 1): two network calls a step but the last. */
export async function* heun({ denoise, x: start, sigmas }: Walk): Steps {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    x = await heunStep(denoise, x, slope(x, denoised, from), [from, to]);
  }
  return x;
}

/**
 * Euler's step, corrected by the slope where it lands; uncorrected where it lands at 0, which no network knows.
 *
 * @param d the slope at x
 */
export async function heunStep(
  denoise: Denoise,
  x: Latent,
  d: Latent,
  [from, to]: readonly [number, number],
): Promise<Latent> {
  const predicted = combine([1, x], [to - from, d]);
  if (to === 0) return predicted;
  const there = slope(predicted, await denoise(predicted, to), to);
  return combine([1, x], [(to - from) / 2, d], [(to - from) / 2, there]);
}
