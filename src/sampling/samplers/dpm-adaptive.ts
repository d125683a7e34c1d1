import { combine, type Latent, type Steps, slope, type Walk } from "../sampler.ts";
import { dpmSolver2, dpmSolver3, firstInner, type SolverStep, solverEnds } from "./dpm-solver.ts";
import { euler } from "./euler.ts";
import { lambdaOf, sigmaOf } from "./lambda.ts";

const { fround } = Math;

/** k-diffusion's settings: tolerances, the first step in lambda, and from which factor on a step counts. */
const [relative, absolute, firstStep, accepted] = [0.05, 0.0078, 0.05, 0.81];

/** How near to the end in lambda is there. */
const close = 1e-5;

/**
 * DPM-Solver-23 with steps as long as they may be (Lu et al. 2022, appendix C, with the step rule of k-diffusion): second
 * and third order share their network calls, and their distance says whether the step counts and how long the next one is.
 *
 * Of the table only the ends count, and nobody knows how many attempts of three network calls it takes; each is a step
 * here. It stops at the lowest level with that much noise left, as the reference's does. A table of one level has no way
 * to go: there it is one Euler step.
 */
export async function* dpmAdaptive(walk: Walk): Steps {
  const ends = solverEnds(walk.sigmas);
  if (ends === undefined) return yield* euler(walk);
  const { denoise } = walk;
  const end = lambdaOf(ends.low);
  let { x } = walk;
  let previous = x;
  let h = firstStep;
  let from = lambdaOf(ends.high);
  for (let index = 0; from < fround(end - close); index += 1) {
    const sigma = sigmaOf(from);
    const denoised = await denoise(x, sigma);
    const step: SolverStep = { from, to: Math.min(end, fround(from + h)), x, eps: slope(x, denoised, sigma) };
    const inner = await firstInner(denoise, step, 1 / 3);
    const low = dpmSolver2(step, inner);
    const high = await dpmSolver3(denoise, step, inner);
    yield { index, sigma, x, denoised };
    const error = distance(low, high, previous);
    // Numbers have run away: nothing that follows would be accepted. Whoever decodes says so.
    if (!Number.isFinite(error)) return high;
    const factor = 1 + Math.atan((1 / (error + 1e-8)) ** (1 / 3) - 1);
    h *= factor;
    if (factor < accepted) continue;
    [previous, x, from] = [low, high, step.to];
  }
  return x;
}

/** How far two latents are apart, in tolerances: the root of the mean of squares. */
function distance(low: Latent, high: Latent, previous: Latent): number {
  const difference = combine([1, low], [-1, high]).data;
  let sum = 0;
  for (const [i, value] of difference.entries()) {
    const size = Math.max(Math.abs(low.data[i]!), Math.abs(previous.data[i]!));
    sum += (value / Math.max(absolute, relative * size)) ** 2;
  }
  return Math.sqrt(sum / difference.length);
}
