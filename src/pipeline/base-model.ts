import type { Size } from "#/recipe/recipe.ts";
import { admVector, isEmphasised } from "#/sampling/guidance/adm.ts";
import { controlEnd } from "#/sampling/guidance/controlled.ts";
import { isTelling } from "#/sampling/guidance/image-input.ts";
import { constantInput, merged, sizeInput, toldTexts } from "#/sampling/guidance/inputs.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import { asked } from "./asked-network.ts";
import { controlContribution } from "./controls/control-contribution.ts";
import { imageContribution } from "./controls/image-contribution.ts";
import type { DenoisingModel, Side } from "./denoiser.ts";
import type { ImageJob } from "./job.ts";
import { contextsOf } from "./stages/encode-prompts.ts";

/**
 * The job's own model: told the text, the sizes, exaggerated as the guidance says, FreeU's numbers where that is on, and what
 * the image's beginning has it told.
 */
export function baseModel(image: ImageJob, sampling: ModelSampling): DenoisingModel {
  const { job, prompts, beginning } = image;
  const { networks, recipe } = job;
  const { guidance, freeU } = recipe;
  const scales = { positive: guidance.admPositive, negative: guidance.admNegative };
  const ofFreeU = freeU === null ? [] : [constantInput("freeu", [freeU.b1, freeU.s1, freeU.b2, freeU.s2])];
  const further = [...ofFreeU, ...(beginning.further ?? [])];
  const text = toldTexts(networks.tellTexts, contextsOf(prompts));
  const toldFor = (side: Side) => {
    const { pooled } = prompts[side];
    const scaling = { scale: scales[side], end: guidance.admEnd };
    const sizes = sizeInput(admVector(pooled, sampledSize(beginning), scaling));
    const controls = [
      ...controlContribution(image, { side, sizes }, sampling),
      ...imageContribution(image, side, sampling),
    ];
    return merged(text(side), sizes, ...further, ...controls);
  };
  return {
    sampling,
    told: (sigma) => toldAt(image, sampling, sigma),
    ...asked(networks.unet, sampling, toldFor),
  };
}

/** Which of what ends in the middle of a run still acts at a level: the exaggerated sizes, and each picture that guides. */
function toldAt({ job, guides = [] }: ImageJob, sampling: ModelSampling, sigma: number): string {
  const acts = guides.map(({ kind, use: { stop } }) =>
    kind === "net" ? sigma >= controlEnd(stop, sampling) : isTelling(stop, sigma, sampling),
  );
  return [isEmphasised(sampling.timestep(sigma), job.recipe.guidance.admEnd), ...acts].join();
}

/** The pixels of what is sampled, which may be others than the recipe asks for. */
export function sampledSize({ latent }: ImageJob["beginning"]): Size {
  const [, , h = 0, w = 0] = latent.dims;
  return { width: 8 * w, height: 8 * h };
}
