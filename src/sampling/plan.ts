import type { Sampler } from "./sampler.ts";
import type { Schedule } from "./schedules/schedule.ts";
import type { SigmaTable } from "./sigma-table.ts";

export type PlanOptions = Readonly<{
  steps: number;
  /** 1 starts from noise; less keeps the last part of a longer table with the same number of steps. */
  denoise: number;
}>;

/** The noise levels of a run, and what of them the noise is made for. */
export type Plan = Readonly<{
  /** Falling, the last one 0; at most one more than there are steps. */
  sigmas: readonly number[];
  /** The same where no table is cut to the number of steps. */
  uncut: readonly number[];
  /**
   * Lowest and highest positive level before the table is cut to the number of steps: what the Brownian path spans. Its
   * first draw is for the whole span, so every later value depends on it.
   */
  span: readonly [number, number];
}>;

/** The schedule's table, adapted to the sampler (no penultimate level) and to a partial run. */
export function planSigmas(
  schedule: Schedule,
  model: SigmaTable,
  sampler: Pick<Sampler, "discardPenultimate">,
  { steps, denoise }: PlanOptions,
): Plan {
  const table = (count: number): number[] =>
    sampler.discardPenultimate === true
      ? [...schedule(model, count + 1).slice(0, -1), 0]
      : [...schedule(model, count), 0];
  const full = denoise > 0.9999 ? table(steps) : table(Math.trunc(steps / denoise)).slice(-(steps + 1));
  const positive = full.filter((sigma) => sigma > 0);
  return {
    uncut: full,
    sigmas: full.length > steps + 1 ? [...full.slice(0, steps), 0] : full,
    span: [Math.min(...positive), Math.max(...positive)],
  };
}
