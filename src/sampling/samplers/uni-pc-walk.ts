import { combine, type Latent, type Step, type Steps, type Walk } from "../sampler.ts";
import { euler } from "./euler.ts";
import { type Estimate, estimateOf, type UniPcStep, uniPcStep, vpLevel } from "./uni-pc-step.ts";

/** What stands for the last level, 0, whose lambda would be infinite. */
const lowest = 0.001;
const highestOrder = 3;

/**
 * The walk of both UniPCs (Zhao et al. 2023, algorithms 1 and 2, predicting the clean latent): each level is predicted from
 * the estimates so far, the network answers there, and the answer corrects the prediction without another call. Orders
 * rise over the first steps and fall over the last; the very last is of first order and not corrected. Works in the
 * scaled space z = alpha x, alpha = 1 / sqrt(1 + sigma²).
 *
 * A table of one level is walked by one Euler step: the reference answers with noise there.
 *
 * @param b the paper's B, of the negative step in lambda since the clean latent is predicted
 */
export async function* uniPcWalk(walk: Walk, b: (h: number) => number): Steps {
  const { denoise, x } = walk;
  // A table for more steps than there are trained levels names one twice, and no step leads there.
  const sigmas = walk.sigmas.filter((sigma, i) => sigma !== walk.sigmas[i - 1]);
  const count = sigmas.length - 1;
  if (count === 1) return yield* euler(walk);
  const levels = sigmas.map((sigma) => vpLevel(sigma === 0 ? lowest : sigma));
  const order = Math.min(highestOrder, count - 1);
  const ask = async (z: Latent, index: number): Promise<Step> => {
    const [sigma, { alpha }] = [sigmas[index]!, levels[index]!];
    const unscaled = combine([1 / alpha, z]);
    return { index, sigma, x: unscaled, denoised: await denoise(unscaled, sigma) };
  };

  let z = combine([levels[0]!.alpha, x]);
  /** The newest first. */
  let estimates: readonly Estimate[] = [];
  for (let index = 0; index < count; index += 1) {
    let step: UniPcStep | undefined;
    if (index > 0) {
      const used = estimates.slice(0, Math.min(index, order, count + 1 - index));
      step = uniPcStep(z, used, levels[index]!, b);
    }
    const predicted = step?.predicted ?? z;
    const asked = await ask(predicted, index);
    yield asked;
    const estimate = estimateOf(predicted, asked, levels[index]!);
    if (step !== undefined) z = step.corrected(estimate.denoised);
    estimates = [estimate, ...estimates].slice(0, highestOrder);
  }
  const last = levels[count]!;
  return combine([1 / last.alpha, uniPcStep(z, estimates.slice(0, 1), last, b).predicted]);
}
