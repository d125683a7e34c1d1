import type { GenerateParams } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import { knownName } from "./names.ts";
import type { Performance } from "./performance.ts";
import { type SamplerName, type ScheduleName, samplerNames, scheduleNames } from "./recipe.ts";

/** Samplers and schedules that are built. */
type Built = Readonly<{ samplers: readonly string[]; schedules: readonly string[] }>;

/**
 * Sampler and schedule: the mode's own, else the request's.
 *
 * @throws RequestError `unknown-model` for what nobody knows, `not-implemented` for what is not built yet
 */
export function chooseMethod(
  params: GenerateParams,
  { distilled }: Performance,
  built: Built,
): { sampler: SamplerName; schedule: ScheduleName } {
  const sampler = distilled?.sampler ?? oneOf(params.sampler_name, samplerNames, "sampler_name", "sampler");
  const schedule =
    distilled?.schedule ?? oneOf(params.scheduler_name, scheduleNames, "scheduler_name", "scheduler");
  for (const [name, there, field] of [
    [sampler, built.samplers, "sampler_name"],
    [schedule, built.schedules, "scheduler_name"],
  ] as const) {
    if (there.includes(name)) continue;
    throw new RequestError("not-implemented", `${name} is not there yet; these are: ${there.join(", ")}.`, {
      field,
      value: name,
    });
  }
  return { sampler, schedule };
}

function oneOf<const T extends string>(value: string, list: readonly T[], field: string, what: string): T {
  const known = knownName(value, list, field, what);
  const found = list.find((candidate) => candidate === known);
  if (found === undefined) throw new RangeError(`${known} was just found`);
  return found;
}
