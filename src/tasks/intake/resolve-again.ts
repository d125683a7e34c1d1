import type { GenerateParams } from "#/api/generate.ts";
import { readKeptRecipe } from "#/recipe/kept-recipe.ts";
import { allPasses } from "#/recipe/pass-resolved.ts";
import { type Resolved, resolveRecipe, type World } from "#/recipe/resolve.ts";
import { expansionStyle } from "#/recipe/styles.ts";
import { expansionWarning } from "#/recipe/warnings.ts";
import { choicesOf, examineModels, type ModelShelf } from "./examine-models.ts";
import { sizeWarnings, worldWarnings } from "./world-warnings.ts";

/** Told of a task whose pictures may be others than they would have been. */
const lost =
  "What was kept of this task when it was accepted is damaged; its pictures are made as its request is understood now.";

/**
 * What to make at a task's turn, which may come much later than its acceptance: the recipe that was kept then, so that
 * what changed meanwhile (a wildcard, a style, a default) changes no picture. Where none was kept the request is resolved
 * once more. The files are looked at in any case, and the engine looks for itself.
 *
 * @param kept as `writeKeptRecipe` wrote it, if anything was kept
 * @returns with all that is to be told now, as far as the stored request tells it
 * @throws RequestError, ModelError
 */
export function resolveAgain(
  params: GenerateParams,
  kept: string | undefined,
  world: World,
  models: ModelShelf,
): Resolved {
  const { resolved, warnings } = whatToMake(params, kept, world);
  const notes = choicesOf(resolved).flatMap((choice) => {
    const seen = examineModels(choice, models);
    if (seen.fault !== undefined) throw seen.fault.error;
    return seen.notes;
  });
  return { ...resolved, warnings: [...new Set([...warnings, ...notes])] };
}

type ToMake = Readonly<{ resolved: Resolved; warnings: readonly string[] }>;

function whatToMake(params: GenerateParams, text: string | undefined, world: World): ToMake {
  const kept = readKeptRecipe(text);
  switch (kept.kind) {
    case "kept":
      return withoutLost(params, kept.resolved, world);
    case "none":
      return asOfNow(params, world);
    case "damaged": {
      const { resolved, warnings } = asOfNow(params, world);
      return { resolved, warnings: [lost, ...warnings] };
    }
  }
}

function asOfNow(params: GenerateParams, world: World): ToMake {
  const resolved = resolveRecipe(params, world);
  return { resolved, warnings: [...resolved.warnings, ...worldWarnings(params, resolved.recipe, world)] };
}

/**
 * A kept recipe whose files are there stands as it is. Where one is gone the request says what that means: mostly that it
 * cannot be made; a LoRA that only a tag of the prompt named is left out, with the warning.
 */
function withoutLost(params: GenerateParams, kept: Resolved, world: World): ToMake {
  const { base, vae, loras } = kept.recipe;
  const passes = allPasses(kept).map(({ recipe }) => recipe);
  const expansionLacks = world.expansion?.lacks ?? [];
  const expands = [kept.recipe, ...passes].some(({ images }) =>
    images.some(({ expand }) => expand !== undefined),
  );
  const isThere = loras.map(({ name }) => world.loras.includes(name));
  const areFilesThere =
    (!expands || expansionLacks.length === 0) &&
    [kept.recipe, ...passes].every((recipe) => areOwnFilesThere(recipe, world)) &&
    passes.every((pass) => pass.loras.every(({ name }) => world.loras.includes(name))) &&
    world.checkpoints.includes(base) &&
    (vae === null || world.vaes.includes(vae));
  if (areFilesThere && !isThere.includes(false))
    return { resolved: kept, warnings: [...kept.warnings, ...sizeWarnings(kept.recipe, world)] };
  const now = resolveRecipe(params, world);
  const isOnlyTags = kept.loraFields.every((field, at) => isThere[at] !== false || field === "prompt");
  if (!areFilesThere || !isOnlyTags) {
    const { resolved, warnings } = asOfNow(params, world);
    const named = { style_selections: expands ? [expansionStyle] : [] };
    return {
      resolved,
      warnings: [...warnings, ...[expansionWarning(named, {}, expansionLacks) ?? []].flat()],
    };
  }
  const resolved = {
    ...kept,
    recipe: { ...kept.recipe, loras: loras.filter((_, at) => isThere[at]) },
    loraFields: kept.loraFields.filter((_, at) => isThere[at]),
  };
  return { resolved, warnings: [...now.warnings, ...sizeWarnings(kept.recipe, world)] };
}

/** Whether there are the textual inversions and the inpaint engine of images, or of a pass. */
function areOwnFilesThere(
  { inversions = [], patch, parts = [] }: Resolved["recipe"],
  { inversions: there = [], inpaintFiles = [] }: World,
): boolean {
  const ofHole = [patch ?? [], parts.flatMap(({ kind, name }) => (kind === "inpaint" ? name : []))].flat();
  return (
    inversions.every(({ name }) => there.includes(name)) &&
    ofHole.every((name) => inpaintFiles.includes(name))
  );
}
