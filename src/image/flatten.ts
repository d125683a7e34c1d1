import { inStretches } from "./in-stretches.ts";
import type { Ground, Pixmap, SentPicture } from "./pixmap.ts";

/**
 * A sent picture without transparency, over white or black: `colour * a + ground * (1 - a)` in float32, each step rounded
 * to it, cut off to whole numbers and not rounded (pipeline 0.2, `HWC3` of Fooocus' `modules/util.py`).
 */
export async function flatten(picture: SentPicture, ground: Ground): Promise<Pixmap> {
  const { width, height, channels, data } = picture;
  if (channels === 3) return { width, height, data };
  const table = blends(ground === "white" ? 255 : 0);
  const pixels = width * height;
  const rgb = new Uint8Array(pixels * 3);
  await inStretches(pixels, (start, end) => {
    for (let i = start; i < end; i += 1) {
      const row = (data[i * 4 + 3] ?? 0) * 256;
      for (let c = 0; c < 3; c += 1) rgb[i * 3 + c] = table[row + (data[i * 4 + c] ?? 0)] ?? 0;
    }
  });
  return { width, height, data: rgb };
}

/** The value of each colour at each alpha, at alpha * 256 + colour. */
function blends(ground: number): Uint8Array {
  const table = new Uint8Array(256 * 256);
  for (let alpha = 0; alpha < 256; alpha += 1) {
    const share = Math.fround(alpha / 255);
    const behind = Math.fround(ground * Math.fround(1 - share));
    for (let colour = 0; colour < 256; colour += 1)
      table[alpha * 256 + colour] = Math.min(255, Math.fround(Math.fround(colour * share) + behind));
  }
  return table;
}
