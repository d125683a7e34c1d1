import { imageInput } from "#/sampling/guidance/image-input.ts";
import type { Contribute } from "#/sampling/guidance/inputs.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import type { Side } from "../denoiser.ts";
import type { ImageJob } from "../job.ts";

/**
 * What image prompts tell the base model's network beside the text: under the positive text the pictures, under the negative one
 * what their adapters say of none. It ends where another model takes over.
 *
 * @returns nothing for a job without image prompts
 */
export function imageContribution(
  { guides = [] }: Pick<ImageJob, "guides">,
  side: Side,
  sampling: ModelSampling,
): readonly Contribute[] {
  const images = guides.flatMap((guide) => {
    if (guide.kind !== "image") return [];
    const { use, picture, nothing } = guide;
    return [{ keys: side === "positive" ? picture : nothing, weight: use.weight, stop: use.stop }];
  });
  return images.length === 0 ? [] : [imageInput(images, sampling)];
}
