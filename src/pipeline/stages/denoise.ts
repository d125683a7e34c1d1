import { makeNoise } from "#/sampling/noise/noise-source.ts";
import { planSigmas } from "#/sampling/plan.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { startState } from "#/sampling/start.ts";
import { denoiser } from "../denoiser.ts";
import type { Fact } from "../generate.ts";
import type { ImageJob } from "../job.ts";
import { samplingMethod } from "../sampling-method.ts";
import { preview } from "./preview.ts";

/**
 * Sampler x guidance x UNet: from the start latent to a clean one (pipeline sections 4 to 8). Progress and previews
 * come with every step; a stop is looked at before every network run and every step.
 *
 * @param start latent in VAE space [1, 4, h, w]
 * @returns latent in VAE space
 */
export async function* denoise(image: ImageJob, start: Latent): AsyncGenerator<Fact, Latent, undefined> {
  const { job, index, spec } = image;
  const { recipe, run, clock } = job;
  const { sampler, schedule, model } = samplingMethod(job);
  const { sigmas, span } = planSigmas(schedule, model, sampler, { steps: recipe.steps, denoise: 1 });
  const { initial, noise } = makeNoise({
    seed: spec.seed,
    rule: recipe.noise,
    dims: start.dims,
    span,
    kind: sampler.noise,
  });
  const estimate = denoiser(image, model, start.dims);
  const steps = sigmas.length - 1;
  yield { type: "progress", at: { stage: "denoising", image: index, step: 0, steps } };

  const walk = sampler.sample({
    denoise: estimate,
    x: startState(model.latents.toSampler(start), initial, sigmas[0] ?? 0, model.sigmaMax),
    sigmas,
    noise,
    timestep: model.trainedTimestep,
  });
  for (;;) {
    const next = await clock.time("denoising", () => walk.next());
    if (next.done === true) return model.latents.toVae(next.value);
    run.check();
    // A sampler may take more steps than it was given, and cannot know how many.
    const step = Math.min(next.value.index + 1, steps);
    const at = { stage: "denoising", image: index, step, steps } as const;
    const shown = model.latents.toSdxl(next.value.denoised);
    const look = await preview(job, shown);
    yield look === undefined ? { type: "progress", at } : { type: "progress", at, preview: look };
  }
}
