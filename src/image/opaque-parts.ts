import { inStretches } from "./in-stretches.ts";
import type { Pixmap, SentPicture } from "./pixmap.ts";

/** White where a picture is opaque by half, black elsewhere; nothing for one that is opaque everywhere. */
export async function opaqueParts({
  width,
  height,
  channels,
  data,
}: SentPicture): Promise<Pixmap | undefined> {
  if (channels !== 4) return undefined;
  const white = new Uint8Array(width * height * 3);
  let isWhole = true;
  await inStretches(width * height, (start, end) => {
    for (let at = start; at < end; at += 1) {
      const alpha = data[at * 4 + 3] ?? 255;
      if (alpha < 255) isWhole = false;
      if (alpha > 128) white.fill(255, at * 3, at * 3 + 3);
    }
  });
  return isWhole ? undefined : { width, height, data: white };
}
