import type { GenerateParams } from "#/api/generate.ts";
import { knownName } from "./names.ts";
import type { Performance } from "./performance.ts";
import { type SamplerName, type ScheduleName, samplerNames, scheduleNames } from "./recipe.ts";

/**
 * Sampler and schedule: the mode's own, else the request's. Names that nobody knows are refused in every mode.
 *
 * @throws RequestError `unknown-model` for what nobody knows
 */
export function chooseMethod(
  params: GenerateParams,
  { distilled }: Performance,
): { sampler: SamplerName; schedule: ScheduleName } {
  const sampler = oneOf(params.sampler_name, samplerNames, "sampler_name", "sampler");
  const schedule = oneOf(params.scheduler_name, scheduleNames, "scheduler_name", "scheduler");
  return { sampler: distilled?.sampler ?? sampler, schedule: distilled?.schedule ?? schedule };
}

function oneOf<const T extends string>(value: string, list: readonly T[], field: string, what: string): T {
  const known = knownName(value, list, field, what);
  const found = list.find((candidate) => candidate === known);
  if (found === undefined) throw new RangeError(`${known} was just found`);
  return found;
}
