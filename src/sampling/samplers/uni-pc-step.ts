import { combine, type Latent, type Step } from "../sampler.ts";

/** A noise level in the scaled ("variance preserving") space: factors of signal and noise, and half their log ratio. */
export type VpLevel = Readonly<{ alpha: number; sigma: number; lambda: number }>;

/** A sigma's level, in float32 as the reference has it: at 0.001 the noise's factor is off by 2 %. */
export function vpLevel(sigma: number): VpLevel {
  const { fround, log, exp, sqrt } = Math;
  const logAlpha = fround(0.5 * fround(log(fround(1 / fround(fround(sigma * sigma) + 1)))));
  const variance = fround(1 - fround(exp(2 * logAlpha)));
  return {
    alpha: fround(exp(logAlpha)),
    sigma: fround(sqrt(variance)),
    lambda: fround(logAlpha - fround(0.5 * fround(log(variance)))),
  };
}

/** An estimate of the clean latent from a level. */
export type Estimate = Readonly<{ level: VpLevel; denoised: Latent }>;

/**
 * The estimate from what the network answered, by way of eps as the reference has it: its float32 factors of signal and
 * noise do not quite cancel, and what they leave is up to 4e-5 of a finished latent.
 *
 * @param z in the scaled space, where the network was asked
 */
export function estimateOf(z: Latent, { denoised, sigma }: Step, level: VpLevel): Estimate {
  const answered = level.sigma / (sigma * level.alpha);
  const left = (1 - (level.sigma * Math.sqrt(sigma ** 2 + 1)) / sigma) / level.alpha;
  return { level, denoised: combine([answered, denoised], [left, z]) };
}

/** A step to a level: where the estimates so far lead, and where one from there would have. */
export type UniPcStep = Readonly<{ predicted: Latent; corrected: (denoised: Latent) => Latent }>;

/**
 * UniP and UniC for one step (Zhao et al. 2023, sections 3.1 and 3.2), of the order of how many estimates there are.
 *
 * @param z in the scaled space, at the newest estimate's level
 * @param estimates the newest first
 * @param b B, of the negative step in lambda since the clean latent is predicted
 */
export function uniPcStep(
  z: Latent,
  estimates: readonly Estimate[],
  to: VpLevel,
  b: (h: number) => number,
): UniPcStep {
  const [newest, ...older] = estimates;
  if (newest === undefined) throw new RangeError("a step starts from an estimate");
  const { level: from, denoised } = newest;
  const h = from.lambda - to.lambda;
  const distances = older.map(({ level }) => (from.lambda - level.lambda) / h);
  const { predictor, corrector } = rhos(distances, h, b(h));
  const scale = -to.alpha * b(h);
  const sum = (weights: readonly number[], latents: readonly Latent[]): Latent => {
    // Each weighs in with its difference from the newest estimate.
    const terms = latents.map((latent, k): [number, Latent] => [
      (scale * weights[k]!) / (distances[k] ?? 1),
      latent,
    ]);
    const others = terms.reduce((total, [weight]) => total + weight, 0);
    return combine([to.sigma / from.sigma, z], [-to.alpha * Math.expm1(h) - others, denoised], ...terms);
  };
  const past = older.map((estimate) => estimate.denoised);
  return {
    predicted: sum(predictor, past),
    corrected: (there) => sum(corrector, [...past, there]),
  };
}

/** The weights of both, from the conditions on their order: a Vandermonde system in the distances. */
function rhos(
  distances: readonly number[],
  h: number,
  b: number,
): Readonly<{ predictor: readonly number[]; corrector: readonly number[] }> {
  const order = distances.length + 1;
  const nodes = [...distances, 1];
  const rows: number[][] = [];
  let phi = Math.expm1(h) / h - 1;
  let factorial = 1;
  for (let k = 0; k < order; k += 1) {
    rows.push([...nodes.map((node) => node ** k), (phi * factorial) / b]);
    factorial *= k + 2;
    phi = phi / h - 1 / factorial;
  }
  // Where there is one unknown, the paper's simpler half (appendix F) in place of its one condition.
  const solve = (count: number): readonly number[] =>
    count === 1 ? [0.5] : solved(rows.slice(0, count).map((row) => [...row.slice(0, count), row[order]!]));
  return { predictor: order === 1 ? [] : solve(order - 1), corrector: solve(order) };
}

/** The solution of a small linear system, each row with its right side last (Gauss-Jordan). The first row is all ones. */
function solved(system: readonly (readonly number[])[]): readonly number[] {
  const rows = system.map((row) => [...row]);
  for (const [at, pivot] of rows.entries()) {
    for (const [other, row] of rows.entries()) {
      if (other === at) continue;
      const factor = row[at]! / pivot[at]!;
      for (let column = at; column < row.length; column += 1) row[column]! -= factor * pivot[column]!;
    }
  }
  return rows.map((row, at) => row.at(-1)! / row[at]!);
}
