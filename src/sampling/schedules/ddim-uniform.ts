import type { Schedule } from "./schedule.ts";

/** Entries 1, 1 + s, 1 + 2s ... of the model's table, from the top (Song et al. 2021); often one more than asked for. */
export const ddimUniform: Schedule = ({ sigmas }, steps) => {
  const stride = Math.max(1, Math.floor(sigmas.length / steps));
  const table: number[] = [];
  for (let i = 1; i < sigmas.length; i += stride) table.push(sigmas[i]!);
  return table.reverse();
};
