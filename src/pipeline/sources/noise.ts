import type { Recipe } from "#/recipe/recipe.ts";
import { zeros } from "#/tensor/tensor.ts";
import type { LatentBeginning } from "./beginning.ts";

/** An empty latent of the size that is asked for, for pictures made of texts alone. */
export const fromNoise = ({ size }: Pick<Recipe, "size">): LatentBeginning => ({
  kind: "latent",
  latent: zeros([1, 4, Math.floor(size.height / 8), Math.floor(size.width / 8)]),
  denoise: 1,
});
