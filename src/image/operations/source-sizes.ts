import { fittedSize } from "./fit-to-size-number.ts";
import { sizeNumber } from "./size-number.ts";

type Size = Readonly<{ width: number; height: number }>;

/** SDXL's size number, which the reference's limits are given for. */
const sdxl = 1024;

/** By how much the reference's upscaling network enlarges. What a picture is fitted to depends on it, whatever network there is. */
const networkScale = 4;

/** How often the longer side of a picture may hold the shorter one. */
export const mostOfAspect = 100;

/** Whether a picture is too long for its width: scaled to the size that is drawn, a side would become 0 or endless. */
export const isTooLong = ({ width, height }: Size): boolean =>
  Math.max(width, height) > mostOfAspect * Math.min(width, height);

/**
 * The size that a picture is varied at (pipeline section 10): fitted to its own size number, or to the nearest one between the
 * model's own and its double.
 *
 * @param working the size number that the model draws best at
 * @returns undefined where the picture is so narrow that a side would become 0
 */
export const variedSize = (picture: Size, working: number): Size | undefined =>
  fittedSize(picture, Math.min(2 * working, Math.max(working, sizeNumber(picture))));

/** What the VAE can make a latent of: sides are multiples of 8. */
export const latentSize = ({ width, height }: Size): Size => ({
  width: width - (width % 8),
  height: height - (height % 8),
});

/** A picture's enlarged size, and the size number that decides whether it is diffused. */
export type Enlarged = Readonly<{ size: Size; number: number }>;

/**
 * The size of an enlarged picture: its own times the factor, cut to whole pixels; a small one becomes as large as the model
 * draws best, whatever the factor is.
 *
 * @param working the size number that the model draws best at
 * @returns undefined where the picture is so narrow that a side would become 0
 */
export function enlargedSize({ width, height }: Size, factor: number, working: number): Enlarged | undefined {
  const exact = { width: width * factor, height: height * factor };
  const number = sizeNumber(exact);
  if (number >= working)
    return { size: { width: Math.trunc(exact.width), height: Math.trunc(exact.height) }, number };
  const size = fittedSize({ width: networkScale * width, height: networkScale * height }, working);
  return size === undefined ? undefined : { size, number: working };
}

/** The size number up to which an enlarged picture is diffused: 2800 for SDXL, and as many times what others draw best. */
export const mostDiffused = (working: number): number => (2800 * working) / sdxl;
