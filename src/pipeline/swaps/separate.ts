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
  const first = yield* walkStretch(passage, {
    sampling: base.sampling,
    denoise: repainting(image, base, denoiser(image, base)),
    x,
    sigmas: plan.uncut.slice(0, at + 1),
    noise,
    before: 0,
  });
  const { sampling } = model;
  const { sigmas } = planSigmas(method.schedule, sampling, method.sampler, asked);
  const end = yield* walkStretch(passage, {
    sampling,
    denoise: repainting(image, model, denoiser(image, model)),
    x: sampling.latents.toSampler(base.sampling.latents.toVae(first)),
    sigmas: sigmas.slice(at),
    noise,
    before: at,
  });
  return sampling.latents.toVae(end);
}
