import { InvalidRequest } from "#/api/issues.ts";
import type { Json, JsonObject } from "#/api/json.ts";
import { fromStored } from "#/api/stored.ts";
import { goalsOf } from "#/recipe/goals.ts";
import { distilledGuidance, type Performance, performanceModes } from "#/recipe/performance.ts";
import type { Task, TaskImage } from "../life-cycle/task.ts";

/**
 * The pictures of a task with what each was really made with: its own seed, and the numbers that count after the
 * performance mode, which replaces some of the request's.
 *
 * @param images those that are finished; of what another program made only addresses are known, and nothing is said
 */
export function picturesOf({ request }: Task, images: readonly TaskImage[]): readonly JsonObject[] {
  const method = methodOf(request);
  return images
    .filter(({ width }) => width > 0)
    .map(({ url, seed, width, height, runs }) =>
      // A grid was drawn by nobody.
      !/^\d+$/.test(seed)
        ? { url, seed: null, width, height }
        : {
            url,
            seed: BigInt(seed),
            width,
            height,
            ...method,
            ...(runs === undefined ? {} : { network_runs: runs.made, network_runs_saved: runs.saved }),
          },
    );
}

function methodOf(request: JsonObject): JsonObject {
  const named = request["performance_selection"];
  const mode: Performance | undefined =
    typeof named === "string" && Object.hasOwn(performanceModes, named)
      ? performanceModes[named as keyof typeof performanceModes]
      : undefined;
  const distilled = mode?.distilled;
  const own = (field: string): Json => request[field] ?? null;
  const steps = request["overwrite_step"];
  return {
    steps: typeof steps === "number" && steps > 0 ? steps : (usualSteps(request, mode) ?? null),
    guidance_scale: distilled === undefined ? own("guidance_scale") : distilledGuidance.cfg,
    sharpness: distilled === undefined ? own("sharpness") : distilledGuidance.sharpness,
    sampler_name: distilled?.sampler ?? own("sampler_name"),
    scheduler_name: distilled?.schedule ?? own("scheduler_name"),
  };
}

/** The steps of a mode: fewer where a picture is enlarged. */
function usualSteps(request: JsonObject, mode: Performance | undefined): number | undefined {
  const method = request["uov_method"];
  return typeof method === "string" && method.startsWith("Upscale") && isUsed(request)
    ? mode?.upscaling
    : mode?.steps;
}

/** Whether its picture to vary or enlarge has a part; a row that another program wrote may not say. */
function isUsed(request: JsonObject): boolean {
  try {
    return goalsOf(fromStored(request)).uov;
  } catch (thrown) {
    if (thrown instanceof InvalidRequest) return false;
    throw thrown;
  }
}
