import type { Plan } from "./plan.ts";
import { type Report, type StepState, type Told, writeReport } from "./report.ts";
import type { Found } from "./run-step.ts";
import type { Step } from "./steps-table.ts";

/** The report of a run that goes on: it is on the disk anew after each change. */
export class KeptReport {
  readonly #out: string;
  readonly #plan: Plan;
  readonly #began = new Date();
  readonly #steps: Map<string, Told>;

  /** @param out path of both files, without their endings */
  constructor(out: string, plan: Plan, steps: readonly Step[]) {
    this.#out = out;
    this.#plan = plan;
    this.#steps = new Map(
      steps.map(({ name, title, program, own }) => [
        name,
        { name, title, program, own, state: "waiting", found: {} },
      ]),
    );
    this.#write("running");
  }

  /** Seconds since the beginning. */
  get seconds(): number {
    return (Date.now() - this.#began.getTime()) / 1000;
  }

  stateOf(name: string): StepState | undefined {
    return this.#steps.get(name)?.state;
  }

  /** Changes what is known of a step. */
  set(
    name: string,
    change: Readonly<Partial<Pick<Told, "state" | "why" | "seconds">> & { found?: Found }>,
  ): void {
    const before = this.#steps.get(name);
    if (before === undefined) throw new Error(`the report has no step ${name}`);
    this.#steps.set(name, { ...before, ...change });
    this.#write("running");
  }

  /** The last writing; what still runs or waits is said to be cut off. */
  close(state: Exclude<Report["state"], "running">): Report {
    for (const [name, told] of this.#steps)
      if (told.state === "running" || told.state === "waiting")
        this.#steps.set(name, { ...told, state: "cut off", why: "the kit was ended before" });
    return this.#write(state);
  }

  #write(state: Report["state"]): Report {
    const report: Report = {
      form: 1,
      began: this.#began.toISOString(),
      state,
      seconds: this.seconds,
      plan: this.#plan,
      steps: [...this.#steps.values()],
    };
    writeReport(this.#out, report);
    return report;
  }
}
