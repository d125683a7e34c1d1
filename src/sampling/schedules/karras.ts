import { linspace, type Schedule } from "./schedule.ts";

const rho = 7;

/** Equal steps in sigma^(1/7) (Karras et al. 2022, equation 5). */
export const karras: Schedule = ({ sigmaMin, sigmaMax }, steps) => {
  const low = sigmaMin ** (1 / rho);
  const high = sigmaMax ** (1 / rho);
  return linspace(0, 1, steps).map((ramp) => Math.fround((high + ramp * (low - high)) ** rho));
};
