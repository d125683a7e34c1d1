import { pictureLimits } from "#/image/claims.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Size } from "./recipe.ts";

/** Sides that are diffused: a latent of 8 on a side at least; far beyond the model's own size nothing comes of it. */
const sides = { least: 64, most: 8192 } as const;

/** Longest sides of the formats of files that have such a limit below that of pictures. */
const longest: Readonly<Record<string, number>> = { jpg: 65_535, jpeg: 65_535, webp: 16_383 };

/**
 * @param size  at which a picture would be diffused
 * @param field of the request that brings it
 * @throws RequestError `invalid-value` where a side is too small or too large for that
 */
export function checkDiffused(size: Size, field: string): Size {
  for (const side of [size.width, size.height]) {
    if (side >= sides.least && side <= sides.most) continue;
    const message = `The picture would be drawn at ${size.width}×${size.height} pixels; sides of ${sides.least} to ${sides.most} can be. Send one that is less narrow.`;
    throw new RequestError("invalid-value", message, { field });
  }
  return size;
}

/**
 * @param size   of a picture that is made without diffusion
 * @param format of the file it is kept in
 * @throws RequestError `too-large` where it has more pixels than are made, or than taken in again; `invalid-value` where the
 * format does not have such sides
 */
export function checkResult(size: Size, format: string, field: string): Size {
  const pixels = size.width * size.height;
  const said = `The enlarged picture would have ${size.width}×${size.height} pixels`;
  if (pixels > pictureLimits.pixels) {
    const message = `${said}, ${pixels} in all; ${pictureLimits.pixels} is the limit. Send it smaller, or ask for a smaller factor.`;
    throw new RequestError("too-large", message, { field });
  }
  const most = longest[format];
  if (most === undefined || Math.max(size.width, size.height) <= most) return size;
  const message = `${said}; a side of ${format} has ${most} at most. Ask for another output_format.`;
  throw new RequestError("invalid-value", message, { field: "output_format", value: format });
}
