import { planSigmas } from "./plan.ts";
import type { Sampler } from "./sampler.ts";
import { samplers } from "./samplers.ts";
import { type BuiltSchedule, schedules } from "./schedules.ts";
import type { SigmaTable } from "./sigma-table.ts";

/** A run: which sampler walks which schedule in how many steps. */
export type AskedSteps = Readonly<{
  sampler: keyof typeof samplers;
  schedule: BuiltSchedule;
  steps: number;
  /** How much of the schedule is walked. */
  denoise?: number;
}>;

/**
 * How many steps a run takes: as many as were asked for, or fewer where the schedule has too few levels.
 * Every table that levels are picked from has a thousand, so the number does not depend on the checkpoint; nor on what the
 * levels are, so that nothing is computed that a run would need.
 */
export const stepsMade = (asked: AskedSteps): number => stepsOf(asked).made;

/**
 * How many of the lowest levels of the schedule's table a run from pure noise leaves out, because the table has more than
 * there are steps: the last step then ends at no noise from far above, and details stay away.
 *
 * @returns with the steps of the whole table
 */
export function levelsLeftOut(asked: AskedSteps): Readonly<{ leftOut: number; whole: number }> {
  const { made, whole } = stepsOf(asked);
  return { leftOut: whole - made, whole };
}

function stepsOf({
  sampler,
  schedule,
  steps,
  denoise = 1,
}: AskedSteps): Readonly<{ made: number; whole: number }> {
  const walker: Sampler = samplers[sampler];
  const { sigmas, uncut } = planSigmas(schedules[schedule], flatTable(), walker, { steps, denoise });
  return { made: sigmas.length - 1, whole: uncut.length - 1 };
}

const flatTable = (): SigmaTable => ({
  sigmas: new Float32Array(1000).fill(1),
  sigmaMin: 1,
  sigmaMax: 1,
  timestep: () => 0,
  sigmaAt: () => 1,
  sigmaOf: () => 1,
});
