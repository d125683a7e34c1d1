import {
  edmSampling,
  type FileSampling,
  fileSampling,
  lcmSampling,
  type ModelSampling,
  tcdSampling,
} from "./model-sampling.ts";
import { alignYourSteps } from "./schedules/align-your-steps.ts";
import { ddimUniform } from "./schedules/ddim-uniform.ts";
import { exponential } from "./schedules/exponential.ts";
import { karras } from "./schedules/karras.ts";
import { normal } from "./schedules/normal.ts";
import type { Schedule } from "./schedules/schedule.ts";
import { sgmUniform } from "./schedules/sgm-uniform.ts";
import { simple } from "./schedules/simple.ts";
import { turbo } from "./schedules/turbo.ts";

/** The schedules there are. A new one is a file in `schedules/` and a line here. */
export const schedules = {
  normal,
  karras,
  exponential,
  sgm_uniform: sgmUniform,
  simple,
  ddim_uniform: ddimUniform,
  turbo,
  align_your_steps: alignYourSteps,
  // These three are parameterisations with a spacing.
  lcm: sgmUniform,
  tcd: sgmUniform,
  "edm_playground_v2.5": karras,
} as const satisfies Record<string, Schedule>;

export type BuiltSchedule = keyof typeof schedules;

/**
 * How a network is asked under a schedule: three of them say so themselves, whatever the file says; under the others it is
 * as the file says.
 */
export function samplingFor(schedule: BuiltSchedule, file: FileSampling): ModelSampling {
  switch (schedule) {
    case "lcm":
      return lcmSampling();
    case "tcd":
      return tcdSampling();
    case "edm_playground_v2.5":
      return edmSampling();
    case "normal":
    case "karras":
    case "exponential":
    case "sgm_uniform":
    case "simple":
    case "ddim_uniform":
    case "turbo":
    case "align_your_steps":
      return fileSampling(file);
  }
}
