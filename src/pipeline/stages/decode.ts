import type { Pixmap } from "#/image/pixmap.ts";
import { runaway } from "#/runtime/blame.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { isFiniteThroughout } from "#/tensor/tensor.ts";
import type { Job } from "../job.ts";

/**
 * Latent to pixels: decoder, then 0 ... 255 by truncation, as Fooocus cuts it.
 *
 * @param latent VAE space [1, 4, h, w]
 * @throws EngineError `session-failed` if the latent is not finite; what the VAE answers is looked at where it answers
 */
export async function decode({ networks }: Job, latent: Latent): Promise<Pixmap> {
  if (!isFiniteThroughout(latent.data)) throw runaway();
  const { dims, data } = await networks.decode(latent);
  const [, , height = 0, width = 0] = dims;
  const plane = height * width;
  const pixels = new Uint8Array(plane * 3);
  for (let pixel = 0, at = 0; pixel < plane; pixel += 1) {
    for (let colour = 0; colour < 3; colour += 1, at += 1) {
      const value = (data[colour * plane + pixel] ?? 0) / 2 + 0.5;
      pixels[at] = Math.min(255, Math.max(0, Math.trunc(value * 255)));
    }
  }
  return { width, height, data: pixels };
}
