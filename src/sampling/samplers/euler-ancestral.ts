import { ancestralSplit, combine, pairs, type Steps, type Walk } from "../sampler.ts";

/**
 * DDIM with eta = 1 (Song et al. 2021) written in sigma: an Euler step to below the target noise level, then fresh
 * noise back up to it.
 */
export async function* eulerAncestral({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    const { down, up } = ancestralSplit(from, to);
    x = combine([down / from, x], [1 - down / from, denoised]);
    if (to > 0) x = combine([1, x], [up, noise(from, to)]);
  }
  return x;
}
