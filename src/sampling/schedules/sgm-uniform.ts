import { linspace } from "../linspace.ts";
import type { Schedule } from "./schedule.ts";

/** Equal steps in the timestep, the last one left out (Stability's generative-models; what Lightning was made for). */
export const sgmUniform: Schedule = ({ sigmaMin, sigmaMax, timestep, sigmaAt }, steps) =>
  linspace(timestep(sigmaMax), timestep(sigmaMin), steps + 1)
    .slice(0, -1)
    .map(sigmaAt);
