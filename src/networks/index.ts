import { gpt2 } from "./gpt2.ts";
import type { Network } from "./network.ts";
import { textG, textGVectors } from "./text-g.ts";
import { textL, textLVectors } from "./text-l.ts";
import { unet } from "./unet.ts";
import { vaeDecoder } from "./vae-decoder.ts";
import { vaeEncoder } from "./vae-encoder.ts";

/** All networks by name; what each is and needs, it says itself. */
export const networks = {
  unet,
  "text-l": textL,
  "text-g": textG,
  "text-l-vectors": textLVectors,
  "text-g-vectors": textGVectors,
  gpt2,
  "vae-decoder": vaeDecoder,
  "vae-encoder": vaeEncoder,
} as const satisfies Record<string, Network>;

/** A network of the table. */
export type NetworkName = keyof typeof networks;
