/** How much of a schedule is walked, as a request of ours says it: steps that are made, and a strength that gives so many levels. */
export type Walked = Readonly<{ steps: number; strength: number }>;

/**
 * A1111 walks the end of a schedule of as many steps as were asked for, one more than their share; ours are the steps that are
 * made, of a schedule of trunc(steps / strength).
 *
 * @param denoising 0 to 1
 */
export function walkedOf(steps: number, denoising: number): Walked {
  const made = Math.min(steps, Math.trunc(Math.min(denoising, 0.999) * steps) + 1);
  // A half keeps the quotient from falling below the whole number that is meant.
  return { steps: made, strength: made === steps ? 1 : made / (steps + 0.5) };
}
