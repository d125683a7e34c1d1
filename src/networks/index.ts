import type { Graph } from "#/graph/graph.ts";
import type { WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { clipText, textEncoderKinds } from "./clip-text.ts";
import { unet } from "./unet.ts";
import { vaeDecoder, vaeEncoder } from "./vae.ts";

/** Draws a network from its weights. */
export type Network = (source: WeightSource, operators: Operators) => Graph;

/** The networks of an SDXL checkpoint by name; text encoders also say how many layers before the end they answer. */
export const networks = {
  unet: () => unet,
  "text-l": (clipSkip) => (source, operators) => clipText(source, operators, textEncoderKinds.l, clipSkip),
  "text-g": (clipSkip) => (source, operators) => clipText(source, operators, textEncoderKinds.g, clipSkip),
  "vae-decoder": () => vaeDecoder,
  "vae-encoder": () => vaeEncoder,
} as const satisfies Record<string, (clipSkip: number) => Network>;

export type NetworkName = keyof typeof networks;
