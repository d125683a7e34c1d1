import { expect, test } from "bun:test";
import { planSigmas } from "#/sampling/plan.ts";
import type { Sampler } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";
import type { BuiltSchedule } from "#/sampling/schedules.ts";
import { samplingFor, schedules } from "#/sampling/schedules.ts";
import { stepsMade } from "#/sampling/steps-made.ts";

test("as many steps are foreseen as a run takes, by every schedule, on every kind of checkpoint", () => {
  const files = (["eps", "edm", "edm-v"] as const).map((prediction) => ({
    prediction,
    schedule: "scaled-linear" as const,
  }));
  for (const schedule of Object.keys(schedules) as BuiltSchedule[]) {
    for (const file of [...files, { prediction: "v", schedule: "zero-terminal-snr" } as const]) {
      const model = samplingFor(schedule, file);
      for (const sampler of ["euler", "dpm_2"] as const) {
        for (const steps of [1, 9, 10, 11, 30, 499, 1000]) {
          const walker: Sampler = samplers[sampler];
          const { sigmas } = planSigmas(schedules[schedule], model, walker, { steps, denoise: 1 });
          const asked = { sampler, schedule, steps };
          expect({ ...asked, made: stepsMade(asked) }).toEqual({ ...asked, made: sigmas.length - 1 });
        }
      }
    }
  }
});
