import type { MatteModel } from "#/catalog/matte-files.ts";
import type { Normalisation } from "#/image/operations/plane-input.ts";

/** How a network is asked, and what becomes of its answer: a matte from its least to its largest value, or classes. */
export type MatteRule = Readonly<{
  /** The side of its square input, where the file leaves it open. */
  side: number;
  normalisation: Normalisation;
  after: "stretch" | "classes";
}>;

const imageNet: Normalisation = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
const asIs: Normalisation["deviation"] = [1, 1, 1];

const u2net: MatteRule = { side: 320, normalisation: imageNet, after: "stretch" };

/**
 * rembg's sessions. The means of `isnet-general-use` are those that it was trained with, which rembg has since 2.0.60; 2.0.57,
 * Fooocus' version, takes ImageNet's by mistake.
 */
export const matteRules: Readonly<Record<MatteModel, MatteRule>> = {
  u2net,
  u2netp: u2net,
  u2net_human_seg: u2net,
  u2net_cloth_seg: { side: 768, normalisation: imageNet, after: "classes" },
  silueta: u2net,
  "isnet-general-use": {
    side: 1024,
    normalisation: { mean: [0.5, 0.5, 0.5], deviation: asIs },
    after: "stretch",
  },
  "isnet-anime": {
    side: 1024,
    normalisation: { mean: imageNet.mean, deviation: asIs },
    after: "stretch",
  },
};
