import { samSizes } from "#/catalog/detection-files.ts";
import type { MatteModel } from "#/catalog/matte-files.ts";

/** Classes of clothes that a mask can be made of, as rembg calls them: `full` are dresses. */
export const clothCategories = ["full", "upper", "lower"] as const;
export type ClothCategory = (typeof clothCategories)[number];

/** The sizes of Segment Anything. */
export const samModels = samSizes;
export type SamModel = (typeof samModels)[number];

/**
 * How a mask is made of a picture: by a network that tells what stands in front of the rest, or by one that finds what is
 * described, in boxes, of which another one makes outlines.
 */
export type MaskMaking = Readonly<
  | { by: "matte"; model: Exclude<MatteModel, "u2net_cloth_seg"> }
  | { by: "matte"; model: "u2net_cloth_seg"; category: ClothCategory }
  | DetectionMaking
>;

/** What is described, and what becomes of what is found. */
export type DetectionMaking = Readonly<{
  by: "detection";
  sam: SamModel;
  /** What to look for; a full stop separates things. Not empty. */
  prompt: string;
  /** 0 to 1: how sure a box must be, and a word of the prompt. */
  boxThreshold: number;
  textThreshold: number;
  /** Boxes that are used, the surest first; 0 for all. */
  most: number;
  /** Pixels by which every side of a box moves outwards, or with a minus inwards. */
  growBoxes: number;
  /** The mask, or in its place the boxes. */
  show: "mask" | "boxes";
}>;
