import { BugError } from "#/lib/errors.ts";
import { discreteSampling, lcmSampling, type ModelSampling } from "#/sampling/model-sampling.ts";
import type { Sampler } from "#/sampling/sampler.ts";
import { isBuiltSampler, samplers } from "#/sampling/samplers.ts";
import type { Schedule } from "#/sampling/schedules/schedule.ts";
import { isBuiltSchedule, schedules } from "#/sampling/schedules.ts";
import type { Job } from "./job.ts";

/** How a job walks from noise to a picture: by which steps, at which levels, and what the network's answer means there. */
export type SamplingMethod = Readonly<{ sampler: Sampler; schedule: Schedule; model: ModelSampling }>;

/** The job's method, by its recipe and its checkpoint; whoever made the recipe has refused what is not built. */
export function samplingMethod({ recipe, networks }: Job): SamplingMethod {
  const { sampler, schedule } = recipe;
  if (!isBuiltSampler(sampler) || !isBuiltSchedule(schedule))
    throw new BugError(`A recipe asks for ${sampler} with ${schedule}, one of which is not built.`);
  return {
    sampler: samplers[sampler],
    schedule: schedules[schedule],
    model: schedule === "lcm" ? lcmSampling() : discreteSampling(networks),
  };
}
