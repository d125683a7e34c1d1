import { linspace } from "../linspace.ts";
import { type Steps, slope, type Walk } from "../sampler.ts";
import { dpmSolver1, dpmSolver2, dpmSolver3, firstInner, type SolverStep, solverEnds } from "./dpm-solver.ts";
import { euler } from "./euler.ts";
import { lambdaOf, sigmaOf } from "./lambda.ts";

/**
 * DPM-Solver-fast (Lu et al. 2022, section 3.4): as many network calls as the table has steps, spent on a third as many
 * steps of third order and one or two lower ones, equally long in lambda. Of the table only the ends count.
 *
 * It stops at the lowest level with that much noise left, as the reference's does. A table of one level has no way to go:
 * there it is one Euler step.
 */
export async function* dpmFast(walk: Walk): Steps {
  const ends = solverEnds(walk.sigmas);
  if (ends === undefined) return yield* euler(walk);
  const { denoise } = walk;
  const orders = solverOrders(walk.sigmas.length - 1);
  const lambdas = linspace(lambdaOf(ends.high), lambdaOf(ends.low), orders.length + 1);
  let { x } = walk;
  for (const [index, order] of orders.entries()) {
    const [from, to] = [lambdas[index]!, lambdas[index + 1]!];
    const sigma = sigmaOf(from);
    const denoised = await denoise(x, sigma);
    yield { index, sigma, x, denoised };
    const step: SolverStep = { from, to, x, eps: slope(x, denoised, sigma) };
    if (order === 1) x = dpmSolver1(step);
    else if (order === 2) x = dpmSolver2(step, await firstInner(denoise, step, 1 / 2));
    else x = await dpmSolver3(denoise, step, await firstInner(denoise, step, 1 / 3));
  }
  return x;
}

/** The orders whose sum is the number of network calls: 3, 3, ... and the rest. */
function solverOrders(calls: number): readonly number[] {
  const rest = calls % 3;
  const threes = Math.floor(calls / 3) - (rest === 0 ? 1 : 0);
  return [...Array.from({ length: threes }, () => 3), ...(rest === 0 ? [2, 1] : [rest])];
}
