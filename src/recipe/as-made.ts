import type { Size } from "./recipe.ts";
import type { Resolved } from "./resolve.ts";

/** What only the making of an image told: what its prompt was expanded to, and the pixels that were sampled. */
export type MakingFacts = Readonly<{ expansion?: string; sampled?: Size }>;

/**
 * What an image was made of, with what only its making told: the expanded prompt, which was encoded behind the positive texts,
 * and a size that depends on what was found in a picture.
 *
 * @param image its place in the recipe
 */
export function asMade(resolved: Resolved, image: number, { expansion, sampled }: MakingFacts): Resolved {
  const sized =
    sampled === undefined ? resolved : { ...resolved, recipe: { ...resolved.recipe, size: sampled } };
  return expansion === undefined ? sized : withExpansion(sized, image, expansion);
}

function withExpansion(resolved: Resolved, image: number, expansion: string): Resolved {
  const { recipe, written } = resolved;
  const images = recipe.images.map((spec, at) =>
    at === image
      ? { ...spec, positive: { ...spec.positive, texts: [...spec.positive.texts, expansion] } }
      : spec,
  );
  return {
    ...resolved,
    recipe: { ...recipe, images },
    written: written.map((texts, at) => (at === image ? { ...texts, expansion } : texts)),
  };
}
