import { digits, table } from "./cells.ts";
import type { Off } from "./compared.ts";
import type { Placement } from "./placed.ts";
import type { Found } from "./run-step.ts";
import type { Timed } from "./timed-server.ts";

/** What a step found, as a text of Markdown; a step that was cut off has found a part of it. */
type Section = (found: Found) => string;

/** An object below a name; an empty one where there is none yet. */
const below = <T>(found: Found, name: string): Readonly<Record<string, T>> =>
  (found[name] ?? {}) as Readonly<Record<string, T>>;

const block = (value: unknown): string =>
  typeof value === "string"
    ? `\`\`\`\n${value}\n\`\`\``
    : `\`\`\`json\n${JSON.stringify(value, null, 1)}\n\`\`\``;

/** What networks are allowed to be off on a card, where the CPU's bound is for sums in another order alone. */
const allowed = { float16: 2e-2, float32: 1e-3 } as const;

const verdict = ({ worst, answers, noNumbers }: Off): string => {
  if (answers === 0) return "nothing was compared";
  if (noNumbers > 0) return `**${noNumbers} not made of numbers**`;
  if (worst <= allowed.float32) return "as float32";
  return worst <= allowed.float16 ? "as float16" : "**further off than float16 explains**";
};

const goldens: Section = (found) => {
  const off = (list: Readonly<Record<string, Off>>): readonly (readonly string[])[] =>
    Object.entries(list).map(([name, one]) => [name, digits(one.worst), `${one.answers}`, verdict(one)]);
  const files = Object.entries(below<{ tensors: Off; pictures: Off }>(found, "tests"));
  const failing = (found["failing"] ?? []) as readonly { name: string; says: string }[];
  return [
    table(["network", "worst error", "answers", ""], off(below(found, "networks"))),
    table(
      ["test file", "tensors: worst error", "compared", "pictures: worst levels", "compared"],
      files.map(([name, { tensors, pictures }]) => [
        name,
        ...(tensors.answers === 0 ? ["", ""] : [digits(tensors.worst), `${tensors.answers}`]),
        ...(pictures.answers === 0 ? ["", ""] : [digits(pictures.worst), `${pictures.answers}`]),
      ]),
    ),
    `${digits(found["ran"])} tests ended, ${failing.length} of them otherwise than on the processor.`,
    ...failing.map(({ name, says }) => `- ${name}${says === "" ? "" : `: ${says.replaceAll(/\s+/g, " ")}`}`),
  ].join("\n\n");
};

const placement: Section = (found) => {
  const rows = Object.entries(below<Placement>(found, "networks")).map(([name, one]) => [
    name,
    Object.entries(one.nodes)
      .map(([provider, count]) => `${provider.replace("ExecutionProvider", "")} ${count}`)
      .join(", "),
    Object.entries(one.onCpu)
      .map(([op, count]) => `${op} ${count}`)
      .join(", "),
    `${one.copies}`,
  ]);
  return table(["network", "nodes", "on the CPU", "copies between memories"], rows);
};

const demo: Section = (found) =>
  table(
    ["picture", "mean levels apart", "99 % below", "most", "ms"],
    Object.entries(below<Record<string, unknown>>(found, "pictures")).map(([name, row]) =>
      typeof row["failed"] === "string"
        ? [name, `failed: ${row["failed"].replaceAll(/\s+/g, " ").replaceAll("|", "\\|")}`]
        : [name, ...["mean", "most99", "most", "milliseconds"].map((key) => digits(row[key]))],
    ),
  );

const timedRow = (name: string, one: Timed): readonly string[] => [
  name,
  ...[one.opening, one.step, one.decoding, one.whole].map(digits),
];
const timedHead = ["picture", "opening, s", "a step, s", "decoding, s", "whole, s"] as const;

const fullSize: Section = (found) => {
  const pictures = (["first", "later"] as const).flatMap((name) => {
    const timed = found[name] as Timed | undefined;
    return timed === undefined ? [] : [timedRow(name, timed)];
  });
  const { first: _first, later: _later, ...others } = found;
  return `${table(timedHead, pictures)}\n\n${block(others)}`;
};

const loras: Section = (found) =>
  table(
    timedHead,
    Object.entries(below<Timed>(found, "pictures")).map(([name, timed]) => timedRow(name, timed)),
  );

const row: Section = (found) => {
  const rows = (found["rows"] ?? []) as readonly { seconds: number; hostGB: number; cardMiB?: number }[];
  const cells = rows.map(({ seconds, hostGB, cardMiB }, at) => [
    `${at + 1}`,
    ...[seconds, hostGB, cardMiB].map(digits),
  ]);
  // What the first two leave open and cached is no growth.
  const grown = (of: (one: (typeof rows)[number]) => number | undefined): string => {
    const [from, to] = [rows[2], rows.at(-1)].map((one) => (one === undefined ? undefined : of(one)));
    return from === undefined || to === undefined ? "not known" : `${(100 * (to / from - 1)).toFixed(1)} %`;
  };
  const growth = `From the third picture to the last: ${grown((one) => one.hostGB)} more of the process' own, ${grown((one) => one.cardMiB)} more of the card.`;
  return `${table(["picture", "s", "the process' own memory, GB", "the card's memory, MiB"], cells)}\n\n${growth}`;
};

const asItIs: Section = (found) => block(found);

const firstNetwork: Section = (found) => {
  const doctor = below<unknown>(found, "doctor");
  const { doctor: _doctor, ...others } = found;
  return `${block(others)}\n\n\`doctor\` ended with ${String(doctor["code"])}:\n\n${block(doctor["says"] ?? "")}`;
};

/** By the program of the step. */
export const sections: Readonly<Record<string, Section>> = {
  machine: asItIs,
  "first-network": firstNetwork,
  synthetic: asItIs,
  goldens,
  placement,
  demo,
  "full-size": fullSize,
  theirs: fullSize,
  loras,
  row,
};
