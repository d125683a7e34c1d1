import { combine, type Latent, pairs, type Steps, type Walk } from "../sampler.ts";

/**
 * DPM-Solver++(2M) (Lu et al. 2022b, algorithm 2): the estimate is extrapolated from the last two to the step's middle.
 * One network call a step. h is the step in lambda = -ln sigma.
 */
export async function* dpmpp2m({ denoise, x: start, sigmas }: Walk): Steps {
  let x = start;
  let last: Readonly<{ denoised: Latent; h: number }> | undefined;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    // Infinite in the last step to 0, which is the estimate itself.
    const h = Math.log(from) - Math.log(to);
    const ahead = last === undefined || to === 0 ? 0 : h / (2 * last.h);
    const gain = 1 - to / from;
    x = combine([to / from, x], [gain * (1 + ahead), denoised], [-gain * ahead, last?.denoised ?? denoised]);
    last = { denoised, h };
  }
  return x;
}
