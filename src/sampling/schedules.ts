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
  /** The distilled parameterisation decides the table; the spacing is the uniform one. */
  lcm: sgmUniform,
} as const satisfies Record<string, Schedule>;

export type BuiltSchedule = keyof typeof schedules;

/** Whether a schedule of the contract is built yet. */
export const isBuiltSchedule = (name: string): name is BuiltSchedule => Object.hasOwn(schedules, name);
