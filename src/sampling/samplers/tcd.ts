import { combine, pairs, type Steps, slope, type Walk } from "../sampler.ts";
import { trainedAlphaBars } from "../sigma-table.ts";

const { fround, sqrt } = Math;

/** How far each jump goes beyond its target (gamma): from a timestep t to 0.7 t, and by noise back up. */
const gamma = 0.3;

/**
 * Strategic stochastic sampling of trajectory consistency distillation (Zheng et al. 2024, algorithm 4): jump to a
 * timestep below the next one, then noise up to it. What a step shows is where it jumped to, in the scaled space.
 *
 * A jump is aimed by timestep, at an alphaBar of SDXL's training; the last one at the first of them. The noise's variance
 * is float32's, which may miss 0 from below at the lowest level: there no noise is added.
 */
export async function* tcd({ denoise, x: start, sigmas, noise, timestep }: Walk): Steps {
  const alphaBars = trainedAlphaBars();
  const steps = sigmas.length - 1;
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    const target = index + 1 === steps ? 0 : Math.floor(fround(fround(1 - gamma) * timestep(to)));
    // Never above the level it is noised to, which may lie below all timesteps.
    const alphaBar = to === 0 ? alphaBars[target]! : Math.max(alphaBars[target]!, 1 / (1 + to ** 2));
    const jumped = combine([sqrt(alphaBar), denoised], [sqrt(1 - alphaBar), slope(x, denoised, from)]);
    yield { index, sigma: from, x, denoised: jumped };
    if (to === 0) return jumped;
    const variance = fround(fround(fround(to * to) + 1) - fround(1 / alphaBar));
    x = combine([1 / sqrt(alphaBar), jumped], [sqrt(Math.max(0, variance)), noise(from, to)]);
  }
  return x;
}
