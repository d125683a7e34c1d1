import { checkpointParts } from "#/weights/layouts/parts.ts";
import { clipText } from "./clip-text.ts";
import { textLEightBits } from "./eight-bits.ts";
import type { Network } from "./network.ts";

/** CLIP ViT-L/14's text half (Radford et al. 2021), the first of SDXL's two encoders. */
export const textL = {
  name: "text-l",
  title: checkpointParts.textL.title,
  from: { checkpoint: checkpointParts.textL },
  loras: "textL",
  keyedBy: ["clipSkip"],
  eightBits: textLEightBits,
  inputs: { ids: "tokens" },
  outputs: ["hidden"],
  draw: (source, operators, { clipSkip }) =>
    clipText(source, operators, { activation: "quick-gelu", pooled: false, clipSkip }),
  goldens: {
    listing: "text-l",
    answers: [
      "text.hidden_l_1",
      "text.hidden_l_2",
      "text.hidden_l_3",
      "text.hidden_l_beyond",
      "text-lora.hidden_l_2",
    ],
  },
} as const satisfies Network;

/** The same, for texts in which vectors of textual inversions stand among the tokens. */
export const textLVectors = {
  ...textL,
  name: "text-l-vectors",
  inputs: { ids: "tokens", vectors: "vectors", places: "position" },
  draw: (source, operators, { clipSkip }) =>
    clipText(source, operators, { activation: "quick-gelu", pooled: false, clipSkip, vectors: true }),
  goldens: { listing: "text-l-vectors", answers: ["text-vectors.hidden_l_2"] },
} as const satisfies Network;
