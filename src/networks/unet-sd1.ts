import { checkpointParts } from "#/weights/layouts/parts.ts";
import { sd1Transformers } from "./blocks/spatial-transformer.ts";
import { drawUnet } from "./draw-unet.ts";
import { unetEightBits } from "./eight-bits.ts";
import type { Network } from "./network.ts";

/** The denoising network of Stable Diffusion 1.x (Rombach et al. 2022), which takes over from SDXL's. */
export const unetSd1 = {
  name: "unet-sd1",
  title: checkpointParts.unet.title,
  from: { checkpoint: checkpointParts.unet },
  loras: undefined,
  keyedBy: [],
  eightBits: unetEightBits,
  inputs: { sample: "latent", timestep: "timestep", context: "text" },
  outputs: ["prediction"],
  draw: (source, operators) => drawUnet(source, operators, { transformers: sd1Transformers, told: "text" }),
  goldens: { listing: "unet-sd1", answers: ["unet-sd1.prediction"] },
} as const satisfies Network;
