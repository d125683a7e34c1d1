import type { Latent } from "./sampler.ts";

/** Longest side of a preview in pixels. */
const longest = 512;

/** 8-bit RGB rows without padding. */
export type PreviewImage = Readonly<{ width: number; height: number; data: Uint8Array }>;

/**
 * A quarter-size look at a latent: each latent pixel as 2 x 2 coloured ones, at most 512 px on the long side. Costs
 * microseconds, which is why every step can have one.
 *
 * @param latent  sampler space, [1, 4, h, w]
 * @param colours red, green and blue, -1 to 1, of one unit of each channel, and last of none
 */
export function previewOf(latent: Latent, colours: readonly (readonly number[])[]): PreviewImage {
  const [, , h = 0, w = 0] = latent.dims;
  const zoom = Math.min(2, longest / Math.max(h, w));
  const width = Math.max(1, Math.floor(w * zoom));
  const height = Math.max(1, Math.floor(h * zoom));
  const data = new Uint8Array(width * height * 3);
  const plane = h * w;
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const pixel = Math.floor(y / zoom) * w + Math.floor(x / zoom);
      for (let colour = 0; colour < 3; colour += 1, at += 1) {
        let value = colours[4]![colour]!;
        for (let c = 0; c < 4; c += 1) value += colours[c]![colour]! * latent.data[c * plane + pixel]!;
        data[at] = Math.min(255, Math.max(0, Math.trunc(value * 127.5 + 127.5)));
      }
    }
  }
  return { width, height, data };
}
