import { writeJson } from "#/api/json.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import type { FleetJob, ModelFile } from "#/fleet/jobs.ts";
import { filesOf } from "#/recipe/files-of.ts";
import { readKeptRecipe, recipeVersion, writeKeptRecipe } from "#/recipe/kept-recipe.ts";
import type { Signed } from "#/recipe/resolve.ts";
import type { Task, TaskImage } from "../life-cycle/task.ts";

/** What a head knows of the files that tasks need, and what it has written into pictures. */
export type JobParts = Readonly<{
  path: (kind: ModelKind, name: string) => string | undefined;
  /** 0 where there is no such file. */
  bytes: (kind: ModelKind, name: string) => number;
  signed: Signed;
  /** Start of the addresses that clients are given, without a slash at the end. */
  baseUrl: () => string;
}>;

/** The files without which a kept recipe cannot be made; of one that cannot be read only the checkpoint is known. */
export function needsOf(recipe: string, parts: Pick<JobParts, "path" | "bytes">): readonly ModelFile[] {
  const kept = readKeptRecipe(recipe);
  if (kept.kind !== "kept") return [];
  return filesOf(kept.resolved, parts.path).map(({ kind, name }) => ({
    kind,
    name,
    bytes: parts.bytes(kind, name),
  }));
}

/** A task as a job: with all that a worker must know, and the settings of this head that decide what is written into pictures. */
export function jobOf(
  task: Task,
  recipe: string,
  parts: JobParts,
  images: readonly TaskImage[] = [],
): FleetJob {
  const { id, door, request, label, warnings, queuedAt, requestId } = task;
  const base = request["base_model_name"];
  return {
    id,
    door,
    request: writeJson(request),
    recipe: signedBy(recipe, parts.signed),
    recipeVersion,
    needs: needsOf(recipe, parts),
    checkpoint: typeof base === "string" ? base : "",
    label,
    baseUrl: parts.baseUrl(),
    ...(images.length === 0 ? {} : { images }),
    warnings,
    queuedAt,
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function signedBy(recipe: string, signed: Signed): string {
  const kept = readKeptRecipe(recipe);
  if (kept.kind !== "kept" || kept.resolved.signed !== undefined) return recipe;
  return writeKeptRecipe({ ...kept.resolved, signed });
}
