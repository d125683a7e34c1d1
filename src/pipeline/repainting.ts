import { masked } from "#/sampling/guidance/masked.ts";
import type { Denoise } from "#/sampling/sampler.ts";
import type { DenoisingModel } from "./denoiser.ts";
import type { ImageJob } from "./job.ts";

/**
 * An estimate for a run in which only a part is painted anew: what lies elsewhere stays (pipeline section 11.6). All samplers
 * ask through it, UniPC too, which the reference forgets. Nothing changes where everything is painted anew.
 *
 * @param model   whose space of latents the run is in
 * @param denoise the estimate of whoever is asked
 * @param later   what is added to the image's seed for a run that starts anew
 */
export function repainting(
  { beginning, spec }: Pick<ImageJob, "beginning" | "spec">,
  { sampling, convert }: DenoisingModel,
  denoise: Denoise,
  later = 0n,
): Denoise {
  const { repaint } = beginning;
  if (repaint === undefined) return denoise;
  const fill = convert === undefined ? repaint.fill : (repaint.refinerFill ?? repaint.fill);
  const kept = { clean: sampling.latents.toSampler(fill), hole: repaint.mask };
  return masked(denoise, kept, spec.seed + later);
}
