import type { Pixmap } from "#/image/pixmap.ts";
import { imageOf, previewOf, shrunk } from "#/sampling/preview.ts";
import type { Latent } from "#/sampling/sampler.ts";
import type { Job } from "../job.ts";

/**
 * A look at what a step expects the picture to be, as the recipe wants it.
 *
 * @param latent SDXL's sampler space, [1, 4, h, w]
 * @returns nothing where no previews are wanted
 */
export async function preview({ recipe, networks }: Job, latent: Latent): Promise<Pixmap | undefined> {
  const { previews } = recipe;
  if (previews === null) return undefined;
  switch (previews.by) {
    case "colours":
      return previewOf(latent, previews.colours);
    case "network": {
      const image = await networks.preview(shrunk(latent));
      return image === undefined ? previewOf(latent, previews.colours) : imageOf(image);
    }
  }
}
