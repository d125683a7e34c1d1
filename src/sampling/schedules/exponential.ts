import { linspace } from "../linspace.ts";
import type { Schedule } from "./schedule.ts";

/** Equal steps in ln sigma. */
export const exponential: Schedule = ({ sigmaMin, sigmaMax }, steps) =>
  linspace(Math.log(sigmaMax), Math.log(sigmaMin), steps).map((value) => Math.fround(Math.exp(value)));
