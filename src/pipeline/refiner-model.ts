import type { RefinerNetworks } from "#/runtime/refiner-networks.ts";
import { admVector, isEmphasised, refinerVector } from "#/sampling/guidance/adm.ts";
import { merged, sizeInput, textInput, toldTexts } from "#/sampling/guidance/inputs.ts";
import { sd1Latents } from "#/sampling/latent-format.ts";
import { type BuiltSchedule, samplingFor } from "#/sampling/schedules.ts";
import { lastAxis, layerNormed, type Tensor } from "#/tensor/tensor.ts";
import { asked } from "./asked-network.ts";
import { sampledSize } from "./base-model.ts";
import type { DenoisingModel } from "./denoiser.ts";
import type { ImageJob } from "./job.ts";
import { contextsOf, type Prompts } from "./stages/encode-prompts.ts";

/** How beautiful the SDXL refiner is told that a picture is: what it is to be like, and what not. */
const scores = { positive: 6, negative: 2.5 } as const;

/**
 * The model that takes over: told the same text, of which the SDXL refiner knows the second encoder's half, and its own
 * sizes. What the request adds to the base model's network ends with that.
 *
 * @returns nothing where the base model goes on itself
 */
export function refinerModel({ job, prompts, beginning }: ImageJob): DenoisingModel | undefined {
  const { networks, recipe } = job;
  const { refiner } = networks;
  if (refiner === undefined || recipe.refiner?.keepsPatch === true) return undefined;
  const { guidance, schedule } = recipe;
  if (refiner.family === "sd-1") return sd1Model(prompts, schedule, refiner);
  const sampling = samplingFor(schedule, refiner);
  const scales = { positive: guidance.admPositive, negative: guidance.admNegative };
  const size = sampledSize(beginning);
  const readable = (context: Tensor): Tensor =>
    lastAxis(context, (context.dims.at(-1) ?? 0) - refiner.textWidth, refiner.textWidth);
  const texts = contextsOf(prompts);
  const positive = readable(texts.positive);
  const negative = texts.negative === texts.positive ? positive : readable(texts.negative);
  const text = toldTexts(refiner.tellTexts, { positive, negative });
  return {
    sampling,
    told: (sigma) =>
      refiner.family === "sdxl-refiner" ? "" : `${isEmphasised(sampling.timestep(sigma), guidance.admEnd)}`,
    ...asked(refiner.unet, sampling, (side) => {
      const { pooled } = prompts[side];
      const vector =
        refiner.family === "sdxl-refiner"
          ? refinerVector(pooled, size, scores[side])
          : admVector(pooled, size, { scale: scales[side], end: guidance.admEnd });
      return merged(text(side), sizeInput(vector));
    }),
  };
}

/** Stable Diffusion 1.x is told the first encoder's half of the text, through the norm at that encoder's end, and no sizes. */
function sd1Model(
  prompts: Prompts,
  schedule: BuiltSchedule,
  refiner: Extract<RefinerNetworks, { family: "sd-1" }>,
): DenoisingModel {
  const sampling = { ...samplingFor(schedule, refiner), latents: sd1Latents };
  const { textNorm, convert, unet } = refiner;
  return {
    sampling,
    told: () => "",
    convert,
    ...asked(unet, sampling, (side) =>
      textInput(layerNormed(lastAxis(prompts[side].context, 0, refiner.textWidth), textNorm)),
    ),
  };
}
