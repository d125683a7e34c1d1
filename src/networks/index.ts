import { blipText } from "./blip-text.ts";
import { blipVision } from "./blip-vision.ts";
import { controlHint } from "./control-hint.ts";
import { controlnet } from "./controlnet.ts";
import { gpt2 } from "./gpt2.ts";
import { groundingDino } from "./grounding-dino.ts";
import { imageKeys } from "./image-keys.ts";
import { imageTokens } from "./image-tokens.ts";
import { inpaintHead } from "./inpaint-head.ts";
import { interposer } from "./interposer.ts";
import type { Network } from "./network.ts";
import { retinaface } from "./retinaface.ts";
import { rrdbFeatures } from "./rrdb-features.ts";
import { rrdbPixels } from "./rrdb-pixels.ts";
import { safetyChecker } from "./safety-checker.ts";
import { samImageEncoder } from "./sam-image-encoder.ts";
import { samMaskDecoder } from "./sam-mask-decoder.ts";
import { textG, textGVectors } from "./text-g.ts";
import { controlTextKeys, textKeys } from "./text-keys.ts";
import { textL, textLVectors } from "./text-l.ts";
import { unet } from "./unet.ts";
import { unetSd1 } from "./unet-sd1.ts";
import { vaeDecoder } from "./vae-decoder.ts";
import { vaeEncoder } from "./vae-encoder.ts";
import { visionTokens, visionVector } from "./vision.ts";

/** All networks of an SDXL checkpoint, and of files beside it, by name; what each is and needs, it says itself. */
export const networks = {
  unet,
  "text-keys": textKeys,
  "text-l": textL,
  "text-g": textG,
  "text-l-vectors": textLVectors,
  "text-g-vectors": textGVectors,
  gpt2,
  "inpaint-head": inpaintHead,
  controlnet,
  "control-hint": controlHint,
  "control-text-keys": controlTextKeys,
  "vision-tokens": visionTokens,
  "vision-vector": visionVector,
  "image-tokens": imageTokens,
  "image-keys": imageKeys,
  "vae-decoder": vaeDecoder,
  "vae-encoder": vaeEncoder,
  "rrdb-features": rrdbFeatures,
  "rrdb-pixels": rrdbPixels,
  "safety-checker": safetyChecker,
  "sam-image-encoder": samImageEncoder,
  "sam-mask-decoder": samMaskDecoder,
  retinaface,
  "grounding-dino": groundingDino,
} as const satisfies Record<string, Network>;

/** Those that Stable Diffusion 1.x needs where it takes over from SDXL: no SDXL checkpoint has anything for them. */
export const sd1Networks = {
  "unet-sd1": unetSd1,
  interposer,
} as const satisfies Record<string, Network>;

/** Those that say in words what a picture shows: a tool's, of a file of their own. */
export const captionNetworks = {
  "blip-vision": blipVision,
  "blip-text": blipText,
} as const satisfies Record<string, Network>;

/** A network of the table. */
export type NetworkName = keyof typeof networks;
