import { combine, pairs, type Steps, type Walk } from "../sampler.ts";

/**
 * Euler's method on the probability-flow ODE in sigma (Karras et al. 2022, algorithm 1 without its correction); in
 * these terms DDIM with eta = 0 (Song et al. 2021) is the same walk.
 */
export async function* euler({ denoise, x: start, sigmas }: Walk): Steps {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    x = combine([to / from, x], [1 - to / from, denoised]);
  }
  return x;
}
