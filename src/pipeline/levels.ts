/**
 * The levels of a stretch, falling, the last one 0 unless noise is left in it; how many steps of the image lie before it, and how
 * many there are in all.
 */
export type Levels = Readonly<{ sigmas: readonly number[]; before: number; steps: number }>;

/** The level that a share of the image's steps ends at: 0 where that is beyond the stretch, infinity where it lies before it. */
export function levelAfter(share: number, { sigmas, before, steps }: Levels): number {
  // A share like 0.7 of 30 steps is a little below 21.
  const at = Math.floor(share * steps + 1e-6) - before;
  if (at <= 0) return share >= 1 ? 0 : Infinity;
  return at >= sigmas.length - 1 ? 0 : (sigmas[at] ?? 0);
}

/** The levels of the second step and of the last one. */
export const firstAndLast = ({ sigmas }: Levels): Readonly<{ first: number; last: number }> => ({
  first: sigmas[1] ?? 0,
  last: sigmas.at(-2) ?? Infinity,
});
