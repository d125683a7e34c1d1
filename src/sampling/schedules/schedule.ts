import type { ModelSampling } from "../model-sampling.ts";

/** Falling noise levels for a number of steps, without the final 0. */
export type Schedule = (model: ModelSampling, steps: number) => readonly number[];
