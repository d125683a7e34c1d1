import type { MaskMaking } from "./mask-making.ts";
import type { Recipe } from "./recipe.ts";

/**
 * What becomes of pictures after they were made, or of one that was given (pipeline section 13): each goes through passes, one
 * after the other, and each pass starts from what the one before left.
 */
export type Enhancement = Readonly<{
  /** One for each of the recipe's images as it was accepted, or one for the picture that was given; their places are their numbers. */
  pictures: readonly EnhancedPicture[];
  /** Whether the mask of each region is shown, too. */
  showMasks: boolean;
}>;

/** A picture on its way: what it is, its passes, and how many of these are done. */
export type EnhancedPicture = Readonly<{ from: EnhancedFrom; passes: readonly Pass[]; done: number }>;

/**
 * One of the recipe's images, by its place; the picture of its `inputs` that was given, by its place, which is itself an image;
 * one of them that an earlier attempt left; or none, where it was skipped.
 */
export type EnhancedFrom = Readonly<
  { kind: "made"; image: number } | { kind: "given" | "left"; picture: number } | { kind: "nothing" }
>;

/** One thing that is done with a picture: it is varied or enlarged, or a region of it, which a mask finds, is painted anew. */
export type Pass = Readonly<
  | { kind: "whole"; run: PassRun }
  /** `region` is its place in the request; its mask grows, or with a minus shrinks, by pixels, and is turned round then. */
  | { kind: "region"; region: number; mask: MaskMaking; grow: number; invert: boolean; run: PassRun }
>;

/**
 * A pass as a recipe of its own, but for the names of its pictures: one image, of the job's base seed, whose source is the picture
 * before it, the first of its inputs; the hole that the mask of a region makes is the second.
 */
export type PassRun = Omit<Recipe, "inputs" | "enhance">;

/** A pass by its picture's place and its own among that picture's passes. */
export type PassPlace = Readonly<{ picture: number; pass: number }>;
