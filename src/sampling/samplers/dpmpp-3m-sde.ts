import { combine, type Latent, pairs, type Steps, type Walk } from "../sampler.ts";

type Past = Readonly<{ denoised: Latent; h: number }>;

/**
 * DPM-Solver++(3M) for the SDE (k-diffusion's `sample_dpmpp_3m_sde` with eta = 1, after Lu et al. 2022b): a parabola
 * through the last three estimates. One network call a step. h is the step in lambda = -ln sigma, and counts twice: once
 * for the ODE, once for the noise that is taken out and put in.
 */
export async function* dpmpp3mSde({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  /** The newest first. */
  let past: readonly Past[] = [];
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    if (to === 0) {
      x = denoised;
      continue;
    }
    const h = Math.log(from) - Math.log(to);
    const gain = -Math.expm1(-2 * h);
    x = combine([1 - gain, x], [gain, denoised], ...bends(denoised, h, past));
    x = combine([1, x], [to * Math.sqrt(gain), noise(from, to)]);
    past = [{ denoised, h }, ...past].slice(0, 2);
  }
  return x;
}

/** What the estimates before add: their divided differences, times the step's phi functions. */
function bends(denoised: Latent, h: number, [first, second]: readonly Past[]): (readonly [number, Latent])[] {
  if (first === undefined) return [];
  const phi2 = 1 + Math.expm1(-2 * h) / (2 * h);
  const near = h / first.h;
  if (second === undefined)
    return [
      [phi2 * near, denoised],
      [-phi2 * near, first.denoised],
    ];
  const far = h / second.h;
  const phi3 = phi2 / (2 * h) - 0.5;
  const sum = first.h / h + second.h / h;
  // d1 = a + (a - b) r0 / (r0 + r1) and d2 = (a - b) / (r0 + r1), with a and b the differences by their distances.
  const a = phi2 * (1 + first.h / h / sum) - phi3 / sum;
  const b = (phi3 - (phi2 * first.h) / h) / sum;
  return [
    [a * near, denoised],
    [b * far - a * near, first.denoised],
    [-b * far, second.denoised],
  ];
}
