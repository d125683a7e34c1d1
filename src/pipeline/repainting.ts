import { masked } from "#/sampling/guidance/masked.ts";
import type { Denoise, Sampler } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";
import type { DenoisingModel } from "./denoiser.ts";
import type { ImageJob } from "./job.ts";

/**
 * An estimate for a run in which only a part is painted anew: what lies elsewhere stays (pipeline section 11.6). Nothing
 * changes where everything is painted anew, nor for a sampler that asks past the mask.
 *
 * @param model   whose space of latents the run is in
 * @param denoise the estimate of whoever is asked
 * @param later   what is added to the image's seed for a run that starts anew
 */
export function repainting(
  { beginning, spec, job: { recipe } }: Pick<ImageJob, "beginning" | "spec" | "job">,
  { sampling, convert }: DenoisingModel,
  denoise: Denoise,
  later = 0n,
): Denoise {
  const { repaint } = beginning;
  const sampler: Sampler = samplers[recipe.sampler];
  if (repaint === undefined || sampler.asksPastMask === true) return denoise;
  const fill = convert === undefined ? repaint.fill : (repaint.refinerFill ?? repaint.fill);
  const kept = { clean: sampling.latents.toSampler(fill), hole: repaint.mask };
  return masked(denoise, kept, spec.seed + later);
}
