import type { GenerateParams } from "#/api/generate.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { World } from "#/recipe/resolve.ts";
import { roundedWarning, sizeWarning, wildcardWarnings } from "#/recipe/warnings.ts";

type Drawn = Pick<Recipe, "base" | "size" | "source">;

/** What of a request's pictures is otherwise because of what is there now. */
export function worldWarnings(params: GenerateParams, recipe: Drawn, world: World): readonly string[] {
  return [
    ...(world.sidecarFaults?.(recipe.base) ?? []),
    ...sizeWarnings(recipe, world),
    ...wildcardWarnings(params, world),
  ];
}

/**
 * The part of it that is true of a recipe whose texts and numbers stand already. Pictures that are started from bring their own
 * sizes, which are made for the checkpoint or asked for by a factor.
 */
export function sizeWarnings(
  { base, size, source }: Drawn,
  world: Pick<World, "sidecar">,
): readonly string[] {
  if (source.kind !== "noise") return [];
  return [roundedWarning(size), sizeWarning(size, base, world.sidecar(base))].flatMap((text) => text ?? []);
}
