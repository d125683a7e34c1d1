import { fittedSize } from "#/image/operations/fit-to-size-number.ts";
import { sizeNumber } from "#/image/operations/size-number.ts";
import type { Size } from "./recipe.ts";

/** Size numbers between which pictures are varied: what the model draws well, and what it draws at all. */
const varied = { least: 1024, most: 2048 } as const;

/** The size number up to which an enlarged picture is diffused. */
export const mostDiffused = 2800;

/** By how much the reference's upscaling network enlarges. What a picture is fitted to depends on it, whatever network there is. */
const networkScale = 4;

/**
 * The size that a picture is varied at: fitted to its own size number, or to the nearest one that pictures are varied at.
 *
 * @returns undefined where it is so narrow that a side would become 0
 */
export const variedSize = (picture: Size): Size | undefined =>
  fittedSize(picture, Math.min(varied.most, Math.max(varied.least, sizeNumber(picture))));

/** What the VAE can make a latent of: sides are multiples of 8. */
export const latentSize = ({ width, height }: Size): Size => ({
  width: width - (width % 8),
  height: height - (height % 8),
});

/** A picture's enlarged size, and the size number that decides whether it is diffused. */
export type Enlarged = Readonly<{ size: Size; number: number }>;

/**
 * The size of an enlarged picture: its own times the factor, cut to whole pixels; a small one becomes as large as the model
 * draws well, whatever the factor is.
 *
 * @returns undefined where it is so narrow that a side would become 0
 */
export function enlargedSize({ width, height }: Size, factor: number): Enlarged | undefined {
  const exact = { width: width * factor, height: height * factor };
  const number = sizeNumber(exact);
  if (number >= varied.least)
    return { size: { width: Math.trunc(exact.width), height: Math.trunc(exact.height) }, number };
  const size = fittedSize({ width: networkScale * width, height: networkScale * height }, varied.least);
  return size === undefined ? undefined : { size, number: varied.least };
}
