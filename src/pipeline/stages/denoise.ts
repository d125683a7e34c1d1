import { stepsWalked, stepWalked } from "#/sampling/fewer-steps.ts";
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
import { inStepsAsked } from "../steps-asked.ts";
import { byCleanLatent } from "../swaps/by-clean-latent.ts";
import { jointly } from "../swaps/joint.ts";
import { separately } from "../swaps/separate.ts";
import { soleIn } from "../vaes.ts";

/**
 * Sampler x guidance x UNet: from the beginning to a clean latent (pipeline sections 4 to 8), by one model or by two.
 * Progress and previews come with every step; a stop is looked at before every network run and every step.
 *
 * @returns latent in VAE space, of the size of the one it begins with
 */
export const denoise = (image: ImageJob): AsyncGenerator<Fact, Latent, undefined> =>
  inStepsAsked(walked(image), image.job.recipe);

async function* walked(image: ImageJob): AsyncGenerator<Fact, Latent, undefined> {
  const { job, index, spec, beginning } = image;
  const { latent: start } = beginning;
  const { recipe } = job;
  const method = samplingMethod(job);
  const { sampler, schedule } = method;
  const second = refinerModel(image);
  const sole = soleIn(job, beginning.denoise);
  const first = sole === "second" && second !== undefined ? second : baseModel(image, method.model);
  const model = first.sampling;
  const asked = { steps: stepsWalked(recipe), denoise: beginning.denoise };
  const plan = planSigmas(schedule, model, sampler, asked);
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

  const x = startState(model.latents.toSampler(start), initial, sigmas[0] ?? 0, model.sigmaMax);
  const passage: Passage = { image, method, base: first, plan, asked, x, noise };
  const { refiner } = recipe;
  if (refiner === null || sole !== undefined) return yield* jointly(passage, undefined);
  const next = { model: second ?? first, at: stepWalked(refiner.at, recipe) };
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
