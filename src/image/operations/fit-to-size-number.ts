import { roundHalfEven } from "#/lib/round-half-even.ts";
import type { Picture } from "../greymap.ts";
import { lanczosResize } from "./lanczos-resize.ts";
import { sizeNumber } from "./size-number.ts";

type Size = Readonly<{ width: number; height: number }>;

/** Rounding can send sizes to and fro; the reference gives up here too, and takes what it has. */
const rounds = 256;

/**
 * The size at which a picture has a size number: sides are scaled by wanted / present and rounded to multiples of 64, again
 * and again until it fits.
 *
 * A size whose number fits from the start is kept whatever its sides are, as in the reference; with `always` it is rounded
 * too, where both sides must be multiples of 64 (a picture to inpaint: sides cut later move its content).
 *
 * @returns undefined where the picture is so narrow that a side would become 0
 */
export function fittedSize(
  size: Size,
  wanted: number,
  rounding: "if needed" | "always" = "if needed",
): Size | undefined {
  let { width, height } = size;
  for (let round = 0; round < rounds; round += 1) {
    const present = sizeNumber({ width, height });
    if (present === wanted && (round > 0 || rounding === "if needed")) break;
    const factor = wanted / present;
    height = roundHalfEven((height * factor) / 64) * 64;
    width = roundHalfEven((width * factor) / 64) * 64;
    if (height === 0 || width === 0) return undefined;
  }
  return { width, height };
}

/** A picture at its {@link fittedSize}, by Lanczos; itself where that is its own. */
export function fitToSizeNumber<P extends Picture>(
  picture: P,
  wanted: number,
  rounding: "if needed" | "always" = "if needed",
): P | undefined {
  const size = fittedSize(picture, wanted, rounding);
  return size === undefined ? undefined : lanczosResize(picture, size);
}
