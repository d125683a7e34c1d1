import { checkedBefore } from "#/sampling/guidance/checked.ts";
import { guided } from "#/sampling/guidance/guidance.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import type { Denoise, Latent } from "#/sampling/sampler.ts";
import type { ImageJob } from "./job.ts";

/** A side of the guidance. */
export type Side = "positive" | "negative";

/** A model in an image's run: what its answers mean, and its network asked under one side's text. */
export type DenoisingModel = Readonly<{
  sampling: ModelSampling;
  estimate: (side: Side) => Denoise;
  /** Makes a latent of its own of the base model's, both in VAE space; left out where they are the same. */
  convert?: (latent: Latent) => Promise<Latent>;
}>;

/**
 * D(x, σ), the estimate of the clean latent that a sampler asks for, from the outside in (pipeline section 7.2). What
 * changes an estimate is a wrapper here; what the network is told besides is one more of its inputs (`base-model.ts`). How the
 * two sides are mixed is stacked in the same way in guidance.ts.
 */
export function denoiser({ job }: ImageJob, { sampling, estimate }: DenoisingModel): Denoise {
  // One network run each: what is estimated under one side's text.
  const branch = (side: Side): Denoise => checkedBefore(() => job.run.check(), estimate(side));
  return guided(branch("positive"), branch("negative"), job.recipe.guidance, sampling);
}
