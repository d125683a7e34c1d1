import type { Recipe } from "#/recipe/recipe.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { zeros } from "#/tensor/tensor.ts";

/** The latent a run starts from, before noise: empty for text-to-image. VAE space, [1, 4, h, w]. */
export function startLatent({ source, size }: Recipe): Latent {
  switch (source.kind) {
    case "noise":
      return zeros([1, 4, Math.floor(size.height / 8), Math.floor(size.width / 8)]);
  }
}
