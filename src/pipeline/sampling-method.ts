import type { ModelSampling } from "#/sampling/model-sampling.ts";
import type { Sampler } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";
import type { Schedule } from "#/sampling/schedules/schedule.ts";
import { samplingFor, schedules } from "#/sampling/schedules.ts";
import type { Job } from "./job.ts";

/** How a job walks from noise to a picture: by which steps, at which levels, and what the network's answer means there. */
export type SamplingMethod = Readonly<{ sampler: Sampler; schedule: Schedule; model: ModelSampling }>;

/** The job's method, by its recipe and its checkpoint. */
export const samplingMethod = ({ recipe, networks }: Pick<Job, "recipe" | "networks">): SamplingMethod => ({
  sampler: samplers[recipe.sampler],
  schedule: schedules[recipe.schedule],
  model: samplingFor(recipe.schedule, networks),
});
