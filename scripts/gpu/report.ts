import { renameSync, writeFileSync } from "node:fs";
import { markdown } from "./markdown.ts";
import type { Plan } from "./plan.ts";
import type { Found } from "./run-step.ts";

/** How far a step has come. */
export type StepState = "waiting" | "running" | "done" | "failed" | "cut off" | "left out";

/** A step as the report has it. */
export type Told = Readonly<{
  name: string;
  title: string;
  program: string;
  own: Readonly<Record<string, string>>;
  state: StepState;
  /** Of what is not done. */
  why?: string;
  seconds?: number;
  found: Found;
}>;

/** The whole report. */
export type Report = Readonly<{
  /** Of this form of report. */
  form: 1;
  began: string;
  /** `running` in a report that stayed behind says that the kit itself was ended. */
  state: "running" | "whole" | "cut off";
  seconds: number;
  plan: Plan;
  steps: readonly Told[];
}>;

/** Writes both forms of a report anew, each in one move, so that whoever reads them finds a whole file. */
export function writeReport(out: string, report: Report): void {
  const forms = { json: `${JSON.stringify(report, null, 1)}\n`, md: markdown(report) };
  for (const [ending, text] of Object.entries(forms)) {
    writeFileSync(`${out}.${ending}.half`, text);
    renameSync(`${out}.${ending}.half`, `${out}.${ending}`);
  }
}
