import {
  ancestralSplit,
  combine,
  type Denoise,
  type Latent,
  type Noise,
  pairs,
  type Step,
} from "../sampler.ts";

/**
 * DPM-Solver++(S) for the SDE with a midpoint at r = 1/2 (Lu et al. 2022; k-diffusion's `sample_dpmpp_sde`, eta = 1):
 * two network calls a step, except the last. Both legs start from the same x and share one Brownian path.
 */
export async function* dpmppSde(
  denoise: Denoise,
  start: Latent,
  sigmas: readonly number[],
  noise: Noise,
): AsyncGenerator<Step, Latent, undefined> {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    if (to === 0) {
      x = denoised;
      continue;
    }
    const middle = Math.sqrt(from * to);
    const leg = (target: number, estimate: Latent): Latent => {
      const { down, up } = ancestralSplit(from, target);
      return combine([down / from, x], [1 - down / from, estimate], [up, noise(from, target)]);
    };
    const halfway = leg(middle, denoised);
    x = leg(to, await denoise(halfway, middle));
  }
  return x;
}
