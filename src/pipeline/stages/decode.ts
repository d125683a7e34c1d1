import type { Pixmap } from "#/image/pixmap.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Networks } from "#/runtime/models.ts";
import type { Latent } from "#/sampling/sampler.ts";

/**
 * Latent to pixels: decoder, then 0 ... 255 by truncation, as Fooocus cuts it.
 *
 * @param latent VAE space [1, 4, h, w]
 * @throws EngineError `session-failed` if the latent or the picture is not finite
 */
export async function decode(latent: Latent, networks: Pick<Networks, "decode">): Promise<Pixmap> {
  assertFinite(latent.data, "The UNet");
  const { dims, data } = await networks.decode(latent);
  assertFinite(data, "The VAE");
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

function assertFinite(data: Float32Array, network: string): void {
  if (data.every(Number.isFinite)) return;
  throw new EngineError(
    "session-failed",
    `${network} answered with values that are not numbers. Its file may be damaged, or need a precision it did not get.`,
  );
}
