import { combine, type Latent } from "./sampler.ts";

/**
 * The first x of a run: the latent plus noise. A full run scales the noise by sqrt(1 + sigma²), which is what the
 * network saw in training at its highest level; a partial one by sigma.
 */
export function startState(latent: Latent, noise: Latent, sigma: number, sigmaMax: number): Latent {
  const full = sigma >= sigmaMax || Math.abs(sigma - sigmaMax) <= 1e-5 * sigmaMax;
  return combine([1, latent], [full ? Math.sqrt(1 + sigma ** 2) : sigma, noise]);
}
