import { makeNoise } from "#/sampling/noise/noise-source.ts";
import { planSigmas } from "#/sampling/plan.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { startState } from "#/sampling/start.ts";
import { baseModel } from "../base-model.ts";
import type { Fact } from "../generate.ts";
import type { ImageJob } from "../job.ts";
import type { Passage } from "../passage.ts";
import { refinerModel } from "../refiner-model.ts";
import { samplingMethod } from "../sampling-method.ts";
import { byCleanLatent } from "../swaps/by-clean-latent.ts";
import { jointly } from "../swaps/joint.ts";
import { separately } from "../swaps/separate.ts";

/**
 * Sampler x guidance x UNet: from the start latent to a clean one (pipeline sections 4 to 8), by one model or by two.
 * Progress and previews come with every step; a stop is looked at before every network run and every step.
 *
 * @param start latent in VAE space [1, 4, h, w]
 * @returns latent in VAE space
 */
export async function* denoise(image: ImageJob, start: Latent): AsyncGenerator<Fact, Latent, undefined> {
  const { job, index, spec } = image;
  const { recipe } = job;
  const method = samplingMethod(job);
  const { sampler, schedule, model } = method;
  const plan = planSigmas(schedule, model, sampler, { steps: recipe.steps, denoise: 1 });
  const { sigmas, span } = plan;
  const { initial, noise } = makeNoise({
    seed: spec.seed,
    rule: recipe.noise,
    dims: start.dims,
    span,
    kind: sampler.noise,
  });
  const steps = sigmas.length - 1;
  yield { type: "progress", at: { stage: "denoising", image: index, step: 0, steps } };

  const base = baseModel(image, model, start.dims);
  const x = startState(model.latents.toSampler(start), initial, sigmas[0] ?? 0, model.sigmaMax);
  const passage: Passage = { image, method, base, plan, x, noise };
  const { refiner } = recipe;
  if (refiner === null) return yield* jointly(passage, undefined);
  const next = { model: refinerModel(image, start.dims) ?? base, at: refiner.at };
  // Latents of another space cannot be gone on with.
  switch (next.model.convert === undefined ? refiner.swap : "vae") {
    case "joint":
      return yield* jointly(passage, next);
    case "separate":
      // A table may be longer than the steps asked for: what would be left of it then is not walked.
      return yield* next.at < steps ? separately(passage, next) : jointly(passage, undefined);
    case "vae":
      return yield* byCleanLatent(passage, next);
  }
}
