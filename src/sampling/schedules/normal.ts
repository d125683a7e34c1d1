import { linspace } from "../linspace.ts";
import type { Schedule } from "./schedule.ts";

/** Equal steps in the timestep, both ends included. */
export const normal: Schedule = ({ sigmaMin, sigmaMax, timestep, sigmaAt }, steps) =>
  linspace(timestep(sigmaMax), timestep(sigmaMin), steps).map(sigmaAt);
