import type { Schedule } from "./schedule.ts";

/** Timesteps 999, 899, ... 99 (Sauer et al. 2023), or the entries that stand for them: at most ten. */
export const turbo: Schedule = ({ sigmas, timestep, sigmaAt }, steps) =>
  Array.from({ length: Math.min(steps, 10) }, (_, i) => sigmaAt(timestep(sigmas[999 - 100 * i]!)));
