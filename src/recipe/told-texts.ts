import type { WrittenPrompts } from "./draw-prompts.ts";
import type { ImageSpec } from "./recipe.ts";

/** Which texts: those of an image, or of a pass over it, by their places. */
export type TextPlace = Readonly<{ image: number; pass?: number }>;

/** Texts that were drawn before, in the place of drawing them: wildcards, arrays and styles are in them. */
export type ToldTexts = Readonly<{
  spec: Omit<ImageSpec, "seed">;
  written: WrittenPrompts;
}>;
