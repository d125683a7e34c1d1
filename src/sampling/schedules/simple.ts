import type { Schedule } from "./schedule.ts";

/** Every so-manyth entry of the model's own table, from the top. */
export const simple: Schedule = ({ sigmas }, steps) =>
  Array.from(
    { length: steps },
    (_, j) => sigmas[sigmas.length - 1 - Math.trunc((j * sigmas.length) / steps)]!,
  );
