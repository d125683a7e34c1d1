import type { Plan } from "./plan.ts";

/** A step's own half: what it is told, and how it tells what it found. */

/** What the kit does, as the step was told. */
export const plan = (): Plan => JSON.parse(process.argv[2] ?? "{}") as Plan;

/** What distinguishes the step from others of its kind: the device, the type of numbers. */
export const own = (): Readonly<Record<string, string>> =>
  JSON.parse(process.argv[3] ?? "{}") as Readonly<Record<string, string>>;

/** Adds to what is found; what was told under a name before is replaced. */
export const tell = (found: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(found)}\n`);
};

/** The middle of some numbers; of two the lower one. */
export const middle = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? Number.NaN;
