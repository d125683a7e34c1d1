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

/** A way of asking a network that a schedule brings along, whatever the network's file says. */
export type OwnWay = "lcm" | "tcd" | "edm";

/** The way that a schedule brings along; undefined where it leaves that to the network's file. */
export function ownWayOf(schedule: BuiltSchedule): OwnWay | undefined {
  switch (schedule) {
    case "lcm":
    case "tcd":
      return schedule;
    case "edm_playground_v2.5":
      return "edm";
    case "normal":
    case "karras":
    case "exponential":
    case "sgm_uniform":
    case "simple":
    case "ddim_uniform":
    case "turbo":
    case "align_your_steps":
      return undefined;
  }
}

/** How a network is asked under a schedule: in the schedule's own way, or as its file says. */
export function samplingFor(schedule: BuiltSchedule, file: FileSampling): ModelSampling {
  switch (ownWayOf(schedule)) {
    case "lcm":
      return lcmSampling();
    case "tcd":
      return tcdSampling();
    case "edm":
      return edmSampling();
    case undefined:
      return fileSampling(file);
  }
}
