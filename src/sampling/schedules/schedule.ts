import type { SigmaTable } from "../sigma-table.ts";

/** Falling noise levels for a number of steps, without the final 0. */
export type Schedule = (model: SigmaTable, steps: number) => readonly number[];
