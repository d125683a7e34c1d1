import type { PreviewKind } from "#/weights/layouts/preview.ts";
import type { Network } from "./network.ts";
import { tinyDecoder } from "./tiny-decoder.ts";
import { vaeApproximation } from "./vae-approximation.ts";

/** The networks that previews can be made with, by the kind of their file; no part of any checkpoint. */
export const previewNetworks = {
  approximation: vaeApproximation,
  "tiny-decoder": tinyDecoder,
} as const satisfies Record<PreviewKind, Network>;
