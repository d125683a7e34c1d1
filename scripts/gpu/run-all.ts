import { join } from "node:path";
import type { KeptReport } from "./kept-report.ts";
import type { Plan } from "./plan.ts";
import { runStep } from "./run-step.ts";
import { commandOf, type Step } from "./steps-table.ts";

const root = join(import.meta.dir, "../..");

/** Seconds that are kept for the report and for ending what runs. */
const reserve = 3;

/**
 * Gives every step its turn, one after the other, but for those that run ahead. A step that fails or hangs costs itself, and those that
 * need it; one for which too little time is left is left out.
 *
 * @param said is told how each step ended
 */
export async function runAll(
  plan: Plan,
  steps: readonly Step[],
  report: KeptReport,
  said: (line: string) => void,
): Promise<void> {
  const ahead = new Map<string, Promise<void>>();
  for (const step of steps) {
    // What is needed may still be running ahead.
    for (const name of step.after ?? []) await ahead.get(name);
    const going = turn(plan, step, report, said);
    if (step.ahead === true) ahead.set(step.name, going);
    else await going;
  }
  await Promise.all(ahead.values());
}

/** Why a step has no turn now. */
function lackOf(plan: Plan, { without, after = [], least }: Step, report: KeptReport): string | undefined {
  if (without !== undefined) return without;
  const missing = after.find((name) => report.stateOf(name) !== "done");
  if (missing !== undefined) return `${missing} is ${report.stateOf(missing) ?? "not there"}`;
  const left = plan.budget - reserve - report.seconds;
  return left < least
    ? `of ${plan.budget} s only ${Math.max(0, left).toFixed(0)} s are left, ${least} s are needed`
    : undefined;
}

async function turn(plan: Plan, step: Step, report: KeptReport, said: (line: string) => void): Promise<void> {
  const why = lackOf(plan, step, report);
  if (why !== undefined) {
    report.set(step.name, { state: "left out", why });
    return said(`${step.title}: left out, ${why}`);
  }
  const began = report.seconds;
  report.set(step.name, { state: "running" });
  const limit = Math.min(step.limit, plan.budget - reserve - began);
  const ended = await runStep(
    commandOf(plan, step),
    { limit, cwd: root, env: { GPU_KIT_STEP: step.name } },
    (found) => report.set(step.name, { found }),
  );
  const seconds = report.seconds - began;
  report.set(step.name, {
    state: ended.how,
    seconds,
    ...(ended.how === "done" ? {} : { why: ended.why }),
  });
  said(`${step.title}: ${ended.how} after ${seconds.toFixed(1)} s`);
}
