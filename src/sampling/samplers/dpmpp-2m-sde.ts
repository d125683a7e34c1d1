import { combine, type Latent, pairs, type Steps, type Walk } from "../sampler.ts";

/**
 * DPM-Solver++(2M) for the SDE, midpoint form (Lu et al. 2022, section 5; k-diffusion's `sample_dpmpp_2m_sde` with
 * eta = 1). h is the step in lambda = -ln sigma.
 */
export async function* dpmpp2mSde({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  let last: Readonly<{ denoised: Latent; h: number }> | undefined;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    if (to === 0) {
      x = denoised;
      continue;
    }
    const h = Math.log(from) - Math.log(to);
    const gain = -Math.expm1(-2 * h);
    x = combine([(to / from) * Math.exp(-h), x], [gain, denoised]);
    if (last !== undefined) {
      const slope = (0.5 * gain * h) / last.h;
      x = combine([1, x], [slope, denoised], [-slope, last.denoised]);
    }
    x = combine([1, x], [to * Math.sqrt(gain), noise(from, to)]);
    last = { denoised, h };
  }
  return x;
}
