import { ancestralSplit, combine, pairs, type Steps, slope, type Walk } from "../sampler.ts";
import { dpm2Step } from "./dpm-2.ts";

/** DPM-Solver-2 to below the target level, then fresh noise back up to it (k-diffusion's `sample_dpm_2_ancestral`). */
export async function* dpm2Ancestral({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    const { down, up } = ancestralSplit(from, to);
    x = await dpm2Step(denoise, x, slope(x, denoised, from), [from, down]);
    if (down > 0) x = combine([1, x], [up, noise(from, to)]);
  }
  return x;
}
