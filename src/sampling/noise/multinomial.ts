import type { Mt19937 } from "./mt19937.ts";

/**
 * Draws one outcome as `torch.multinomial` does on the CPU: a race of exponential times, in which the largest p/q wins, q
 * being one draw for each outcome there is, also for those that cannot win.
 *
 * @param probabilities of the outcomes that can win, by their numbers in ascending order; they need not sum to 1
 * @param outcomes      how many there are in all
 * @returns the number that was drawn
 */
export function drawOutcome(
  probabilities: ReadonlyMap<number, number>,
  outcomes: number,
  random: Pick<Mt19937, "double">,
): number {
  let best = 0;
  let most = -1;
  for (let outcome = 0; outcome < outcomes; outcome += 1) {
    const time = Math.fround(-Math.log1p(-random.double()));
    const share = Math.fround(Math.fround(probabilities.get(outcome) ?? 0) / time);
    if (!(share > most)) continue;
    most = share;
    best = outcome;
  }
  return best;
}
