import type { Recipe } from "#/recipe/recipe.ts";

/** Whether a recipe's texts are asked for: what is made of its pictures alone needs none. */
export function needsTexts({ source, controls }: Pick<Recipe, "source" | "controls">): boolean {
  if (controls?.show === "preparation") return false;
  switch (source.kind) {
    case "noise":
    case "vary":
      return true;
    case "inpaint":
      return source.show === "result";
    case "upscale":
      return !source.direct;
  }
}
