import { checkpointParts } from "#/weights/layouts/parts.ts";
import { clipText } from "./clip-text.ts";
import { textGEightBits } from "./eight-bits.ts";
import type { Network } from "./network.ts";

/** OpenCLIP ViT-bigG/14's text half (Cherti et al. 2022), the second of SDXL's two encoders, and the one with a pooled vector. */
export const textG = {
  name: "text-g",
  title: checkpointParts.textG.title,
  from: { checkpoint: checkpointParts.textG },
  loras: "textG",
  keyedBy: ["clipSkip"],
  eightBits: textGEightBits,
  inputs: { ids: "tokens", end: "position" },
  outputs: ["hidden", "pooled"],
  draw: (source, operators, { clipSkip }) =>
    clipText(source, operators, { activation: "gelu", pooled: true, clipSkip }),
  goldens: {
    listing: "text-g",
    answers: [
      "text.hidden_g_1",
      "text.hidden_g_2",
      "text.hidden_g_3",
      "text.pooled",
      "text-lora.hidden_g_2",
      "text-lora.pooled",
    ],
  },
} as const satisfies Network;

/** The same, for texts in which vectors of textual inversions stand among the tokens. */
export const textGVectors = {
  ...textG,
  name: "text-g-vectors",
  inputs: { ids: "tokens", vectors: "vectors", places: "position", end: "position" },
  draw: (source, operators, { clipSkip }) =>
    clipText(source, operators, { activation: "gelu", pooled: true, clipSkip, vectors: true }),
  goldens: {
    listing: "text-g-vectors",
    answers: ["text-vectors.hidden_g_2", "text-vectors.pooled"],
  },
} as const satisfies Network;
