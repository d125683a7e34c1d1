import { combine, type Denoise, type Latent, pairs, type Steps, slope, type Walk } from "../sampler.ts";

/** DPM-Solver-2 (Lu et al. 2022, algorithm 1) on Karras' ODE: the slope half-way in ln sigma carries the whole step. */
export async function* dpm2({ denoise, x: start, sigmas }: Walk): Steps {
  let x = start;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    x = await dpm2Step(denoise, x, slope(x, denoised, from), [from, to]);
  }
  return x;
}

/**
 * A step by the slope at its middle; Euler's down to 0, which has no middle.
 *
 * @param d the slope at x
 */
export async function dpm2Step(
  denoise: Denoise,
  x: Latent,
  d: Latent,
  [from, to]: readonly [number, number],
): Promise<Latent> {
  if (to === 0) return combine([1, x], [-from, d]);
  const middle = geometricMean(from, to);
  const halfway = combine([1, x], [middle - from, d]);
  return combine([1, x], [to - from, slope(halfway, await denoise(halfway, middle), middle)]);
}

/** In float32 and by way of logarithms, as torch's `lerp` has it: the network is asked about it. */
function geometricMean(a: number, b: number): number {
  const { fround, log, exp } = Math;
  const [first, last] = [fround(log(a)), fround(log(b))];
  return fround(exp(fround(last - fround(fround(last - first) * 0.5))));
}
