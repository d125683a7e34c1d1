import type { Schedule } from "./schedule.ts";

/** Timesteps 999, 899, ... 99 (Sauer et al. 2023): at most ten. */
export const turbo: Schedule = ({ sigmaAt }, steps) =>
  Array.from({ length: Math.min(steps, 10) }, (_, i) => sigmaAt(999 - 100 * i));
