import { checkpointParts } from "#/weights/layouts/parts.ts";
import { clipText } from "./clip-text.ts";
import type { Network } from "./network.ts";

/** OpenCLIP ViT-bigG/14's text half (Cherti et al. 2022), the second of SDXL's two encoders, and the one with a pooled vector. */
export const textG = {
  name: "text-g",
  title: checkpointParts.textG.title,
  from: { checkpoint: checkpointParts.textG },
  loras: "textG",
  keyedBy: ["clipSkip"],
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
