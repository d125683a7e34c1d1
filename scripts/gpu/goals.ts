import type { Told } from "./report.ts";
import type { Timed } from "./timed-server.ts";

/** A figure of ours beside diffusers', and the most that their ratio may be. */
export type Goal = Readonly<{
  what: string;
  ours?: number | undefined;
  theirs?: number | undefined;
  /** Nothing where one of them is not known. */
  ratio?: number | undefined;
  most: number;
}>;

/** What both halves of the comparison find. */
type Measured = Partial<
  Readonly<{
    first: Timed;
    later: Timed;
    host: Readonly<{ anonymous: number; resident: number }>;
    card: Readonly<{ before: number; most: number }>;
  }>
>;

const foundBy = (steps: readonly Told[], program: string): Measured =>
  steps.find((step) => step.program === program)?.found ?? {};

const cardOf = ({ card }: Measured): number | undefined =>
  card === undefined ? undefined : card.most - card.before;

/** What is aimed at on a card: a step no longer than diffusers' in float16, opening in half of its time, no more memory. */
export function goals(steps: readonly Told[]): readonly Goal[] {
  const [ours, theirs] = [foundBy(steps, "full-size"), foundBy(steps, "theirs")];
  const goal = (what: string, of: (found: Measured) => number | undefined, most: number): Goal => {
    const [a, b] = [of(ours), of(theirs)];
    return { what, ours: a, theirs: b, ratio: a === undefined || b === undefined ? undefined : a / b, most };
  };
  return [
    goal("a step, s", (found) => found.later?.step, 1),
    goal("opening, s", (found) => found.first?.opening, 0.5),
    goal("memory of the card, MiB", cardOf, 1),
    goal("memory of the process' own, GB", (found) => found.host?.anonymous, 1),
  ];
}
