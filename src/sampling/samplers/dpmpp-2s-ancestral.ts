import {
  ancestralSplit,
  combine,
  type Denoise,
  type Latent,
  pairs,
  type Steps,
  type Walk,
} from "../sampler.ts";
import { lambdaBetween, lambdaOf, sigmaOf } from "./lambda.ts";

/**
 * DPM-Solver++(2S) (Lu et al. 2022b, algorithm 1) to below the target level, then fresh noise back up to it
 * (k-diffusion's `sample_dpmpp_2s_ancestral`): two network calls a step but the last.
 */
export async function* dpmpp2sAncestral({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    const { down, up } = ancestralSplit(from, to);
    x = down === 0 ? denoised : await step2s(denoise, x, denoised, [from, down]);
    if (to > 0) x = combine([1, x], [up, noise(from, to)]);
  }
  return x;
}

/** The exponential step with the estimate from its middle in lambda. */
async function step2s(
  denoise: Denoise,
  x: Latent,
  denoised: Latent,
  [from, to]: readonly [number, number],
): Promise<Latent> {
  const middle = sigmaOf(lambdaBetween(lambdaOf(from), lambdaOf(to), 0.5));
  const leg = (level: number, estimate: Latent): Latent =>
    combine([level / from, x], [1 - level / from, estimate]);
  return leg(to, await denoise(leg(middle, denoised), middle));
}
