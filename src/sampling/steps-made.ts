import { planSigmas } from "./plan.ts";
import type { Sampler } from "./sampler.ts";
import { samplers } from "./samplers.ts";
import { type BuiltSchedule, samplingFor, schedules } from "./schedules.ts";

/** A whole run: which sampler walks which schedule in how many steps. */
export type AskedSteps = Readonly<{
  sampler: keyof typeof samplers;
  schedule: BuiltSchedule;
  steps: number;
}>;

/**
 * How many steps a run from pure noise takes: as many as were asked for, or fewer where the schedule has too few levels.
 * Every table of a file has a thousand levels, so the number does not depend on the checkpoint.
 */
export function stepsMade({ sampler, schedule, steps }: AskedSteps): number {
  const model = samplingFor(schedule, { prediction: "eps", schedule: "scaled-linear" });
  const walker: Sampler = samplers[sampler];
  const { sigmas } = planSigmas(schedules[schedule], model, walker, { steps, denoise: 1 });
  return sigmas.length - 1;
}
