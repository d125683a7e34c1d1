import { writeJson } from "#/api/json.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import type { FleetJob, ModelFile } from "#/fleet/jobs.ts";
import { filesOf } from "#/recipe/files-of.ts";
import { type KeptRecipe, readKeptRecipe, recipeVersion, writeKeptRecipe } from "#/recipe/kept-recipe.ts";
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

type Files = Pick<JobParts, "path" | "bytes">;

/** The files without which a kept recipe cannot be made; none are known of one that cannot be read. */
export const needsOf = (recipe: string, files: Files): readonly ModelFile[] =>
  needsOfKept(readKeptRecipe(recipe), files);

function needsOfKept(kept: KeptRecipe, { path, bytes }: Files): readonly ModelFile[] {
  if (kept.kind !== "kept") return [];
  return filesOf(kept.resolved, path).map(({ kind, name }) => ({
    kind,
    name,
    bytes: bytes(kind, name),
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
  const kept = readKeptRecipe(recipe);
  return {
    id,
    door,
    request: writeJson(request),
    recipe: signedBy(parts.signed, kept) ?? recipe,
    recipeVersion,
    needs: needsOfKept(kept, parts),
    checkpoint: typeof base === "string" ? base : "",
    label,
    baseUrl: parts.baseUrl(),
    ...(images.length === 0 ? {} : { images }),
    warnings,
    queuedAt,
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** Nothing for one that cannot be read, or says it itself. */
function signedBy(signed: Signed, kept: KeptRecipe): string | undefined {
  if (kept.kind !== "kept" || kept.resolved.signed !== undefined) return undefined;
  return writeKeptRecipe({ ...kept.resolved, signed });
}
