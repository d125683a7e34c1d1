import { admVector } from "#/sampling/guidance/adm.ts";
import { constantInput, merged, sizeInput, textInput } from "#/sampling/guidance/inputs.ts";
import { networkEstimate } from "#/sampling/guidance/network-estimate.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import type { Latent } from "#/sampling/sampler.ts";
import type { DenoisingModel } from "./denoiser.ts";
import type { ImageJob } from "./job.ts";

/**
 * The job's own model: told the text, the sizes, exaggerated as the guidance says, and FreeU's numbers where that is on.
 *
 * @param dims of the latent that is sampled, [1, 4, h, w]
 */
export function baseModel(
  { job, prompts }: ImageJob,
  sampling: ModelSampling,
  dims: Latent["dims"],
): DenoisingModel {
  const { networks, recipe } = job;
  const { guidance, freeU } = recipe;
  const scales = { positive: guidance.admPositive, negative: guidance.admNegative };
  const further = freeU === null ? [] : [constantInput("freeu", [freeU.b1, freeU.s1, freeU.b2, freeU.s2])];
  return {
    sampling,
    estimate: (side) => {
      const { context, pooled } = prompts[side];
      const scaling = { scale: scales[side], end: guidance.admEnd };
      const sizes = sizeInput(admVector(pooled, sampledSize(dims), scaling));
      return networkEstimate(networks.unet, sampling, merged(textInput(context), sizes, ...further));
    },
  };
}

/** The pixels of a latent [1, 4, h, w]. */
export const sampledSize = ([, , h = 0, w = 0]: Latent["dims"]) => ({ width: 8 * w, height: 8 * h });
