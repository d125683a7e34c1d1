import type { Network } from "./network.ts";
import { textG } from "./text-g.ts";
import { textL } from "./text-l.ts";
import { unet } from "./unet.ts";
import { vaeDecoder } from "./vae-decoder.ts";
import { vaeEncoder } from "./vae-encoder.ts";

/** All networks by name; what each is and needs, it says itself. */
export const networks = {
  unet,
  "text-l": textL,
  "text-g": textG,
  "vae-decoder": vaeDecoder,
  "vae-encoder": vaeEncoder,
} as const satisfies Record<string, Network>;

/** A network of the table. */
export type NetworkName = keyof typeof networks;
