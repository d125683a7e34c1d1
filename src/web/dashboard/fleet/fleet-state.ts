import { isObject, textOf } from "../values.ts";

/** An engine of a worker: on what it runs, what it does, what it holds and draws. */
export type FleetEngine = Readonly<{
  name: string;
  device: string;
  state: string;
  checkpoint: string;
  task: string;
}>;

/** A worker as the page shows it. */
export type FleetWorker = Readonly<{
  id: string;
  state: string;
  engines: readonly FleetEngine[];
  perHour: number;
}>;

/** Tasks that nobody takes, and why. */
export type Stuck = Readonly<{ tasks: number; why: string }>;

export type FleetState = Readonly<{
  /** How many workers do what, in the server's words. */
  counts: readonly (readonly [state: string, count: number])[];
  workers: readonly FleetWorker[];
  stuck: readonly Stuck[];
}>;

/** What `GET v1/fleet` answers, as far as the page shows it. */
export function fleetOf(answer: unknown): FleetState {
  const { workers = {}, members, waiting } = isObject(answer) ? answer : {};
  return {
    counts: isObject(workers)
      ? Object.entries(workers).map(([state, count]) => [state, numberOf(count)] as const)
      : [],
    workers: listOf(members)
      .filter(({ role }) => role === "worker")
      .map((member) => ({
        id: textOf(member["id"]),
        state: textOf(member["state"]),
        engines: listOf(member["engines"]).map(engineOf),
        perHour: isObject(member["rates"]) ? numberOf(member["rates"]["pictures_per_hour"]) : 0,
      })),
    stuck: listOf(waiting)
      .filter(({ why }) => typeof why === "string")
      .map(({ tasks, why }) => ({ tasks: numberOf(tasks), why: textOf(why) })),
  };
}

const engineOf = (engine: Readonly<Record<string, unknown>>): FleetEngine => ({
  name: textOf(engine["name"]),
  device: textOf(engine["device"]),
  state: textOf(engine["state"]),
  checkpoint: textOf(engine["checkpoint"]),
  task: textOf(engine["task_id"]),
});

const listOf = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);

/** Whether a worker has all words of a text in its name, its state, or what its engines are, hold or do. */
export function fits({ id, state, engines }: FleetWorker, text: string): boolean {
  const said = [id, state, ...engines.flatMap((engine) => Object.values(engine))].join(" ").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => said.includes(word));
}
