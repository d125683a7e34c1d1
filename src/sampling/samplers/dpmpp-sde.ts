import { ancestralSplit, combine, type Latent, pairs, type Steps, type Walk } from "../sampler.ts";
import { lambdaBetween, lambdaOf, sigmaOf } from "./lambda.ts";

/**
 * DPM-Solver++(S) for the SDE with a midpoint at r = 1/2 (Lu et al. 2022; k-diffusion's `sample_dpmpp_sde`, eta = 1):
 * two network calls a step, except the last. Both legs start from the same x and share one Brownian path.
 *
 * The levels of both legs go through lambda in float32, the midpoint too: they say where the Brownian path is asked, and
 * the midpoint also which timestep the network is asked about.
 */
export async function* dpmppSde({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  for (const [index, sigma, next] of pairs(sigmas)) {
    const denoised = await denoise(x, sigma);
    yield { index, sigma, x, denoised };
    if (next === 0) {
      x = denoised;
      continue;
    }
    const [first, last] = [lambdaOf(sigma), lambdaOf(next)];
    const middle = sigmaOf(lambdaBetween(first, last, 0.5));
    const from = sigmaOf(first);
    const leg = (to: number, estimate: Latent): Latent => {
      const { down, up } = ancestralSplit(from, to);
      return combine([down / from, x], [1 - down / from, estimate], [up, noise(from, to)]);
    };
    const halfway = leg(middle, denoised);
    x = leg(sigmaOf(last), await denoise(halfway, middle));
  }
  return x;
}
