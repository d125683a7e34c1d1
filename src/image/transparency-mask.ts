import type { Greymap } from "./greymap.ts";
import { inStretches } from "./in-stretches.ts";
import type { SentPicture } from "./pixmap.ts";

/** Alpha below which a pixel is more transparent than not: as a mask it is brighter than 127, which is a hole. */
const opaque = 128;

/**
 * What of a picture is transparent, as a mask: 255 less its alpha, so that a soft edge stays one.
 *
 * @returns undefined where nothing is, for half transparent is the least that counts
 */
export async function transparencyMask(picture: SentPicture): Promise<Greymap | undefined> {
  const { width, height, channels, data } = picture;
  if (channels === 3) return undefined;
  const mask = new Uint8Array(width * height);
  let hasHole = false;
  await inStretches(mask.length, (start, end) => {
    for (let pixel = start; pixel < end; pixel += 1) {
      const alpha = data[4 * pixel + 3] ?? 0;
      mask[pixel] = 255 - alpha;
      hasHole ||= alpha < opaque;
    }
  });
  return hasHole ? { width, height, channels: 1, data: mask } : undefined;
}
