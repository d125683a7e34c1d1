import { combine, pairs, type Steps, slope, type Walk } from "../sampler.ts";

/**
 * Ancestral sampling of the discrete diffusion (Ho et al. 2020, algorithm 2) with the posterior's variance, between any
 * two levels: in the scaled space y = sqrt(alphaBar) x, with alphaBar = 1 / (1 + sigma²).
 */
export async function* ddpm({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    const [alphaBar, alphaBarTo] = [1 / (1 + from ** 2), 1 / (1 + to ** 2)];
    const alpha = alphaBar / alphaBarTo;
    const scale = 1 / Math.sqrt(alpha * alphaBarTo);
    const eps = slope(x, denoised, from);
    x = combine([scale * Math.sqrt(alphaBar), x], [(-scale * (1 - alpha)) / Math.sqrt(1 - alphaBar), eps]);
    if (to === 0) continue;
    const variance = ((1 - alpha) * (1 - alphaBarTo)) / (1 - alphaBar);
    x = combine([1, x], [Math.sqrt(variance / alphaBarTo), noise(from, to)]);
  }
  return x;
}
