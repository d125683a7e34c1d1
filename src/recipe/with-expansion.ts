import type { Resolved } from "./resolve.ts";

/**
 * What an image was made of, with what only its making told: the expanded prompt, which was encoded behind the positive texts.
 *
 * @param image its place in the recipe
 */
export function withExpansion(resolved: Resolved, image: number, expansion: string | undefined): Resolved {
  if (expansion === undefined) return resolved;
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
