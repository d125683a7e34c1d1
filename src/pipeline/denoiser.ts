import { admVector } from "#/sampling/guidance/adm.ts";
import { checkedBefore } from "#/sampling/guidance/checked.ts";
import { guided } from "#/sampling/guidance/guidance.ts";
import { constantInput, merged, sizeInput, textInput } from "#/sampling/guidance/inputs.ts";
import { networkEstimate } from "#/sampling/guidance/network-estimate.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import type { Denoise, Latent } from "#/sampling/sampler.ts";
import type { ImageJob } from "./job.ts";
import type { Conditioning } from "./stages/encode-text.ts";

/**
 * D(x, σ), the estimate of the clean latent that a sampler asks for, from the outside in (pipeline section 7.2). What
 * changes an estimate is a wrapper here; what the network is told besides is one more of a branch's inputs. How the two
 * sides are mixed is stacked in the same way in guidance.ts.
 *
 * @param dims of the latent that is sampled, [1, 4, h, w]
 */
export function denoiser({ job, prompts }: ImageJob, model: ModelSampling, dims: Latent["dims"]): Denoise {
  const { networks, run, recipe } = job;
  const { guidance, freeU } = recipe;
  const [, , h = 0, w = 0] = dims;
  const size = { width: 8 * w, height: 8 * h };
  // One network run: what is estimated under one side's text.
  const branch = ({ context, pooled }: Conditioning, scale: number): Denoise =>
    checkedBefore(
      () => run.check(),
      networkEstimate(
        networks.unet,
        model,
        merged(
          textInput(context),
          sizeInput(admVector(pooled, size, { scale, end: guidance.admEnd })),
          ...(freeU === null ? [] : [constantInput("freeu", [freeU.b1, freeU.s1, freeU.b2, freeU.s2])]),
        ),
      ),
    );
  return guided(
    branch(prompts.positive, guidance.admPositive),
    branch(prompts.negative, guidance.admNegative),
    guidance,
    model,
  );
}
