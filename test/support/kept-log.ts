import { createLog, type Log } from "#/lib/log.ts";
import type { LogLevel } from "#/lib/log-words.ts";

/** A line as a collector reads it. */
export type KeptLine = Readonly<Record<string, unknown>> & Readonly<{ level: string; msg: string }>;

/** A log whose lines are kept: as they are written, and as a collector reads them. */
export function keptLog(level: LogLevel = "info"): Readonly<{
  log: Log;
  lines: readonly string[];
  saying: (sentence: string) => readonly KeptLine[];
}> {
  const lines: string[] = [];
  const log = createLog(level, { format: "json", write: (line) => lines.push(line) });
  const saying = (sentence: string) =>
    lines.map((line): KeptLine => JSON.parse(line)).filter(({ msg }) => msg === sentence);
  return { log, lines, saying };
}
