import type { Schedule } from "./schedule.ts";

/**
 * Every so-manyth entry of the model's own table, from the top. The stride is a rounded double, as the reference has it:
 * at 38 and 76 steps a whole multiple of it falls below its whole number, and takes the entry before.
 */
export const simple: Schedule = ({ sigmas }, steps) =>
  Array.from(
    { length: steps },
    (_, j) => sigmas[sigmas.length - 1 - Math.trunc(j * (sigmas.length / steps))]!,
  );
