import type { Pixmap } from "#/image/pixmap.ts";
import type { Plan, PlanOptions } from "#/sampling/plan.ts";
import { previewOf } from "#/sampling/preview.ts";
import type { Denoise, Latent, Noise } from "#/sampling/sampler.ts";
import type { DenoisingModel } from "./denoiser.ts";
import type { Fact } from "./generate.ts";
import type { ImageJob, Job } from "./job.ts";
import type { SamplingMethod } from "./sampling-method.ts";
import { preview } from "./stages/preview.ts";

/** The way of one image from its start to a clean latent: who is asked first, at which levels, with which noise. */
export type Passage = Readonly<{
  image: ImageJob;
  method: SamplingMethod;
  base: DenoisingModel;
  plan: Plan;
  /** What the plan was made for. */
  asked: PlanOptions;
  /** The noisy latent at the first level, sampler space. */
  x: Latent;
  noise: Noise;
}>;

/** A part of the way: a table of levels that is walked down by a sampler of its own. */
export type Stretch = Readonly<{
  sampling: DenoisingModel["sampling"];
  denoise: Denoise;
  x: Latent;
  sigmas: readonly number[];
  noise: Noise;
  /** Steps of the image that lie before it. */
  before: number;
  /** Told of each step after its first network call, before x moves on. */
  onStep?: (index: number) => void;
}>;

/**
 * Walks down a stretch; progress and previews come with every step.
 *
 * @returns the last x, sampler space
 */
export async function* walkStretch(
  { image, method, plan }: Pick<Passage, "image" | "method" | "plan">,
  stretch: Stretch,
): AsyncGenerator<Fact, Latent, undefined> {
  const { job, index } = image;
  const { run, clock } = job;
  const { sampling, before, onStep, ...walked } = stretch;
  const steps = plan.sigmas.length - 1;
  const walk = method.sampler.sample({ ...walked, timestep: sampling.trainedTimestep });
  for (;;) {
    const next = await clock.time("denoising", () => walk.next());
    if (next.done === true) return next.value;
    run.check();
    onStep?.(next.value.index);
    // A sampler may take more steps than it was given, and cannot know how many.
    const step = Math.min(before + next.value.index + 1, steps);
    const at = { stage: "denoising", image: index, step, steps } as const;
    const { toSdxl, colours } = sampling.latents;
    const shown = toSdxl(next.value.denoised);
    const look = colours === undefined ? await preview(job, shown) : coloured(job, shown, colours);
    yield look === undefined ? { type: "progress", at } : { type: "progress", at, preview: look };
  }
}

/** A look at a latent of another space than SDXL's. */
const coloured = ({ recipe }: Job, latent: Latent, colours: Colours): Pixmap | undefined =>
  recipe.previews === null ? undefined : previewOf(latent, colours);

type Colours = NonNullable<DenoisingModel["sampling"]["latents"]["colours"]>;
