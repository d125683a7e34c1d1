import { combine, type Denoise, type Latent, slope } from "../sampler.ts";
import { lambdaBetween, sigmaOf } from "./lambda.ts";

const { expm1 } = Math;

/** Where a step of DPM-Solver begins and ends in lambda, and x and eps = (x - D) / sigma at its beginning. */
export type SolverStep = Readonly<{ from: number; to: number; x: Latent; eps: Latent }>;

/** A point within a step: how far in, its lambda, and eps there. */
type Inner = Readonly<{ part: number; lambda: number; eps: Latent }>;

/** DPM-Solver-1 (Lu et al. 2022, equation 3.7), which is DDIM. No network call of its own. */
export function dpmSolver1({ from, to, x, eps }: SolverStep): Latent {
  return combine([1, x], [-sigmaOf(to) * expm1(to - from), eps]);
}

/** eps at a part of the step that DPM-Solver-1 reaches: one network call, shared by the solvers below. */
export async function firstInner(denoise: Denoise, step: SolverStep, part: number): Promise<Inner> {
  const lambda = lambdaBetween(step.from, step.to, part);
  const x = dpmSolver1({ ...step, to: lambda });
  return { part, lambda, eps: await epsAt(denoise, x, lambda) };
}

/** DPM-Solver-2 (algorithm 4 there), with its inner point anywhere. */
export function dpmSolver2({ from, to, x, eps }: SolverStep, inner: Inner): Latent {
  const gain = sigmaOf(to) * expm1(to - from);
  const bend = gain / (2 * inner.part);
  return combine([1, x], [bend - gain, eps], [-bend, inner.eps]);
}

/** DPM-Solver-3 (algorithm 5 there), with inner points at a third and two thirds: one network call more. */
export async function dpmSolver3(denoise: Denoise, step: SolverStep, inner: Inner): Promise<Latent> {
  const { from, to, x, eps } = step;
  const second = 2 / 3;
  const lambda = lambdaBetween(from, to, second);
  const reach = second * (to - from);
  const sigma = sigmaOf(lambda);
  const bend = sigma * (second / inner.part) * (expm1(reach) / reach - 1);
  const ahead = combine([1, x], [bend - sigma * expm1(reach), eps], [-bend, inner.eps]);
  const last = await epsAt(denoise, ahead, lambda);

  const h = to - from;
  const curve = (sigmaOf(to) / second) * (expm1(h) / h - 1);
  return combine([1, x], [curve - sigmaOf(to) * expm1(h), eps], [-curve, last]);
}

async function epsAt(denoise: Denoise, x: Latent, lambda: number): Promise<Latent> {
  const sigma = sigmaOf(lambda);
  return slope(x, await denoise(x, sigma), sigma);
}

/**
 * The first and the lowest positive level of a table, between which DPM-Solver chooses its own; nothing where the table
 * has no two of them.
 */
export function solverEnds(sigmas: readonly number[]): Readonly<{ high: number; low: number }> | undefined {
  const [high = 0] = sigmas;
  const low = sigmas.findLast((sigma) => sigma > 0) ?? 0;
  return low < high ? { high, low } : undefined;
}
