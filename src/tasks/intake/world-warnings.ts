import type { GenerateParams } from "#/api/generate.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { World } from "#/recipe/resolve.ts";
import { roundedWarning, sizeWarning, wildcardWarnings } from "#/recipe/warnings.ts";

type Drawn = Pick<Recipe, "base" | "size">;

/** What of a request's pictures is otherwise because of what is there now. */
export function worldWarnings(params: GenerateParams, recipe: Drawn, world: World): readonly string[] {
  return [
    ...(world.sidecarFaults?.(recipe.base) ?? []),
    ...sizeWarnings(recipe, world),
    ...wildcardWarnings(params, world),
  ];
}

/** The part of it that is true of a recipe whose texts and numbers stand already. */
export const sizeWarnings = ({ base, size }: Drawn, world: Pick<World, "sidecar">): readonly string[] =>
  [roundedWarning(size), sizeWarning(size, base, world.sidecar(base))].flatMap((text) => text ?? []);
