import type { ImageSpec, Recipe } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import { admVector } from "#/sampling/guidance/adm.ts";
import { guided } from "#/sampling/guidance/guidance.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import { makeNoise } from "#/sampling/noise/noise-source.ts";
import { planSigmas } from "#/sampling/plan.ts";
import { previewOf } from "#/sampling/preview.ts";
import { combine, type Denoise, type Latent, type Sampler } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";
import { samplingFor, schedules } from "#/sampling/schedules.ts";
import { startState } from "#/sampling/start.ts";
import type { Fact } from "../generate.ts";
import type { Run } from "../run.ts";
import type { Stopwatch } from "../stopwatch.ts";
import type { Prompts } from "./encode-prompts.ts";
import type { Conditioning } from "./encode-text.ts";

/**
 * Sampler x guidance x UNet: from the start latent to a clean one (pipeline sections 4 to 8). Progress and previews
 * come with every step; a stop is looked at before every network run and every step.
 *
 * @param start latent in VAE space [1, 4, h, w]
 * @returns latent in VAE space
 */
export async function* denoise(
  recipe: Recipe,
  spec: ImageSpec,
  image: number,
  start: Latent,
  prompts: Prompts,
  networks: Networks,
  run: Run,
  clock: Stopwatch,
): AsyncGenerator<Fact, Latent, undefined> {
  const sampler: Sampler = samplers[recipe.sampler];
  const schedule = schedules[recipe.schedule];
  const model = samplingFor(recipe.schedule, networks);
  const { sigmas, span } = planSigmas(schedule, model, sampler, { steps: recipe.steps, denoise: 1 });
  const { initial, noise } = makeNoise({
    seed: spec.seed,
    rule: recipe.noise,
    dims: start.dims,
    span,
    kind: sampler.noise,
  });
  const estimate = guidedUnet(recipe, start.dims, prompts, networks, model, run);
  const steps = sigmas.length - 1;
  yield { type: "progress", at: { stage: "denoising", image, step: 0, steps } };

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
    const at = { stage: "denoising", image, step: Math.min(next.value.index + 1, steps), steps } as const;
    const shown = model.latents.toSdxl(next.value.denoised);
    const preview = recipe.previews === null ? undefined : previewOf(shown, recipe.previews);
    yield preview === undefined ? { type: "progress", at } : { type: "progress", at, preview };
  }
}

/** The guided estimate of the clean latent: two network runs a call, one at CFG 1. */
function guidedUnet(
  recipe: Recipe,
  dims: readonly number[],
  prompts: Prompts,
  networks: Networks,
  model: ModelSampling,
  run: Run,
): Denoise {
  const { guidance } = recipe;
  const [, , h = 0, w = 0] = dims;
  const size = { width: 8 * w, height: 8 * h };
  const branch = ({ context, pooled }: Conditioning, scale: number): Denoise => {
    const y = admVector(pooled, size, { scale, end: guidance.admEnd });
    return async (x, sigma) => {
      run.check();
      const timestep = model.timestep(sigma);
      const output = await networks.unet({
        sample: combine([model.inputScale(sigma), x]),
        timestep: { dims: [1], data: Float32Array.of(timestep) },
        context,
        y: y(timestep),
      });
      return model.denoised(x, output, sigma);
    };
  };
  return guided(
    branch(prompts.positive, guidance.admPositive),
    branch(prompts.negative, guidance.admNegative),
    guidance,
    model,
  );
}
