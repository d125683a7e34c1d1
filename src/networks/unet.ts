import type { WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { checkpointParts } from "#/weights/layouts/parts.ts";
import { sdxlTransformers } from "./blocks/spatial-transformer.ts";
import { drawUnet } from "./draw-unet.ts";
import { unetEightBits } from "./eight-bits.ts";
import type { Features, Network } from "./network.ts";

/** SDXL's denoising network. */
export const unet = {
  name: "unet",
  title: checkpointParts.unet.title,
  from: { checkpoint: checkpointParts.unet },
  loras: "unet",
  patched: true,
  keyedBy: ["freeU", "textKeys", "inpaint", "controlnet", "ip_adapter"],
  eightBits: unetEightBits,
  inputs: { sample: "latent", timestep: "timestep", context: "text", y: "adm" },
  outputs: ["prediction"],
  draw: (
    source: WeightSource,
    operators: Operators,
    wanted?: Pick<Features, "freeU" | "textKeys" | "inpaint" | "controlnet" | "ip_adapter">,
  ) => drawUnet(source, operators, { ...wanted, transformers: sdxlTransformers, told: "text and sizes" }),
  goldens: {
    listing: "unet",
    answers: [
      "unet-even.prediction",
      "unet-odd.prediction",
      "unet-lora.prediction",
      "unet-freeu-even.prediction",
      "unet-freeu-odd.prediction",
      "unet-refiner.prediction",
      "unet-inpaint.prediction",
      "unet-control.prediction",
      "unet-images-plain-odd.prediction",
      "unet-images-plus-even.prediction",
      "unet-images-two-odd.prediction",
      "unet-images-everything.prediction",
    ],
  },
} as const satisfies Network;

/** The same, told keys and values of the text instead of the text: see `blocks/text-attention.ts`. */
export const unetToldKeys = {
  ...unet,
  inputs: { sample: "latent", timestep: "timestep", y: "adm" },
} as const satisfies Network;
