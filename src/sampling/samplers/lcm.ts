import { combine, pairs, type Steps, type Walk } from "../sampler.ts";

/** Latent consistency sampling (Luo et al. 2023, algorithm 3): jump to the estimate, noise it to the next level. */
export async function* lcm({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    x = to > 0 ? combine([1, denoised], [to, noise(from, to)]) : denoised;
  }
  return x;
}
