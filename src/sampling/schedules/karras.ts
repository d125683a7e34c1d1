import { linspace } from "../linspace.ts";
import type { Schedule } from "./schedule.ts";

const rho = 7;

/** Equal steps in sigma^(1/7) between the model's ends (Karras et al. 2022, equation 5). */
export const karras: Schedule = ({ sigmaMin, sigmaMax }, steps) => karrasLevels(sigmaMin, sigmaMax, steps);

/**
 * Karras' levels between any two, both included. Rounded to float32 wherever torch rounds: a level that is off by its last
 * bit asks the Brownian path at another place, and gets noise that is off by a thousandth.
 */
export function karrasLevels(sigmaMin: number, sigmaMax: number, count: number): readonly number[] {
  const low = sigmaMin ** (1 / rho);
  const high = sigmaMax ** (1 / rho);
  const range = Math.fround(low - high);
  return linspace(0, 1, count).map((ramp) =>
    Math.fround(Math.fround(Math.fround(high) + Math.fround(ramp * range)) ** rho),
  );
}
