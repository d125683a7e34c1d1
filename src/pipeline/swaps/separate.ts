import { planSigmas } from "#/sampling/plan.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { denoiser } from "../denoiser.ts";
import type { Fact } from "../generate.ts";
import { type Passage, walkStretch } from "../passage.ts";
import { repainting } from "../repainting.ts";
import type { TakingOver } from "./joint.ts";

/**
 * Two runs: the first stops at a level and leaves its noise in, the second goes on from there, without new noise and without
 * the history of the first. Noise for the steps goes on being drawn as in one run.
 *
 * @param next the model of the second run, and the step that begins it, before the last level
 * @returns latent in VAE space
 */
export async function* separately(
  passage: Passage,
  { model, at }: TakingOver,
): AsyncGenerator<Fact, Latent, undefined> {
  const { image, method, base, plan, asked, x, noise } = passage;
  const steps = plan.sigmas.length - 1;
  const early = plan.uncut.slice(0, at + 1);
  const first = yield* walkStretch(passage, {
    sampling: base.sampling,
    denoise: repainting(image, base, denoiser(image, base, { sigmas: early, before: 0, steps })),
    x,
    sigmas: early,
    noise,
    before: 0,
  });
  const { sampling } = model;
  const late = planSigmas(method.schedule, sampling, method.sampler, asked).sigmas.slice(at);
  const end = yield* walkStretch(passage, {
    sampling,
    denoise: repainting(image, model, denoiser(image, model, { sigmas: late, before: at, steps })),
    x: sampling.latents.toSampler(base.sampling.latents.toVae(first)),
    sigmas: late,
    noise,
    before: at,
  });
  return sampling.latents.toVae(end);
}
