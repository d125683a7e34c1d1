import { type Machine, machineLine } from "./machine.ts";
import { type Asked, type Measured, median, type Seconds } from "./part.ts";

/** What one program needed in one round. */
export type Round = Measured & Readonly<{ ownGiB: number }>;

/** A program's rounds. */
export type Row = Readonly<{ name: string; rounds: readonly Round[]; failed?: string }>;

const parts = ["unet", "vae", "text", "opening"] as const;
const titles = {
  unet: "UNet run",
  vae: "VAE decode",
  text: "text, both encoders",
  opening: "opening",
} as const;

const runsOf = (row: Row, part: (typeof parts)[number]): readonly Seconds[] =>
  row.rounds.flatMap((round): readonly Seconds[] => (part === "opening" ? [round.opening] : round[part]));

const processorOf = (row: Row, part: (typeof parts)[number]): number =>
  median(runsOf(row, part).map(({ processor }) => processor));

const digits = (value: number): string => (Number.isNaN(value) ? "" : value.toPrecision(3));

function cell(row: Row, part: (typeof parts)[number]): string {
  const runs = runsOf(row, part);
  if (runs.length === 0) return "";
  const wall = median(runs.map((one) => one.wall));
  return `${digits(processorOf(row, part))} (${digits(wall)})`;
}

/** Each part of a row in parts of the same of another, of the same rounds; the median, and in brackets lowest and highest. */
function ratios(row: Row, yardstick: Row): string {
  const texts = parts.slice(0, 3).map((part) => {
    const list = row.rounds.flatMap((round, i) => {
      const other = yardstick.rounds[i];
      if (other === undefined || part === "opening") return [];
      const of = (one: Round): number => median(one[part].map(({ processor }) => processor));
      return [of(round) / of(other)];
    });
    if (list.length === 0) return "";
    return `${median(list).toFixed(2)} (${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)})`;
  });
  return `| ${row.name} | ${texts.join(" | ")} |`;
}

/** Seconds of the processor, of the clock in brackets; medians of all rounds. Then the ratios to each yardstick. */
export function markdown(
  machine: Machine,
  asked: Asked,
  rows: readonly Row[],
  yardsticks: readonly string[],
): string {
  const count = Math.max(...rows.map(({ rounds }) => rounds.length));
  const lines = [
    `${machineLine(machine)}. ${asked.side} x ${asked.side}, batch 1, ${asked.threads} thread(s), ${count} round(s) in turns.`,
    "",
    `| processor seconds (wall) | ${parts.map((part) => titles[part]).join(" | ")} | memory of its own |`,
    `| --- |${" --- |".repeat(parts.length + 1)}`,
    ...rows.map((row) => {
      if (row.failed !== undefined)
        return `| ${row.name} | did not run: ${row.failed.split("\n")[0]?.slice(0, 200)} |`;
      const own = Math.max(...row.rounds.map(({ ownGiB }) => ownGiB));
      return `| ${row.name} | ${parts.map((part) => cell(row, part)).join(" | ")} | ${own.toFixed(2)} GiB |`;
    }),
  ];
  const notes = rows.flatMap(({ name, rounds }) =>
    rounds.flatMap(({ note }) => (note ? [`${name}: ${note}`] : [])),
  );
  if (notes.length > 0) lines.push("", ...new Set(notes));
  for (const name of yardsticks) {
    const yardstick = rows.find((row) => row.name === name && row.failed === undefined);
    if (yardstick === undefined) continue;
    const head = parts.slice(0, 3).map((part) => titles[part]);
    lines.push("", `| in parts of ${name} | ${head.join(" | ")} |`, "| --- | --- | --- | --- |");
    for (const row of rows)
      if (row !== yardstick && row.failed === undefined) lines.push(ratios(row, yardstick));
  }
  return `${lines.join("\n")}\n`;
}
