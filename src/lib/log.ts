import pino from "pino";
import { LineWriter } from "./line-writer.ts";
import { plainLine, textLine } from "./log-text.ts";
import type { LogFormat, LogLevel } from "./log-words.ts";

type Fact = string | number | boolean | null | undefined;

/** Facts beside the sentence, printed as `key=value`. What each line has anyway cannot be among them. */
export type LogFacts = Readonly<Record<string, Fact>> &
  Readonly<{ level?: never; time?: never; msg?: never; part?: never }>;

/** One method a level. Passed to what needs it, never imported as a value. */
export type Log = Readonly<Record<LogLevel, (sentence: string, facts?: LogFacts) => void>>;

/** What a logger is made of, where it is not the usual. */
export type LogOptions = Readonly<{
  /** Where lines go: a parameter, so that tests read lines instead of a terminal. Standard error when left out. */
  write?: (line: string) => void;
  now?: () => Date;
  format?: LogFormat;
  /** Which of the two processes (or threads) speaks; said in JSON alone. */
  part?: "server" | "engine";
  /** Facts of every line, asked for when it is written. */
  about?: () => LogFacts;
}>;

/**
 * A logger that writes one line an event. It is pino, which writes JSON: `{"level":"info","time":"2026-11-23T10:00:00.000Z",
 * "part":"server","key":"value","msg":"sentence"}`. People are shown the same facts as text: `2026-11-23T10:00:00.000Z info
 * sentence key=value`. No text within a line can end it, or steer the terminal that shows it. Lines are handed to `write` on the
 * spot: pino's own transports are threads, which a compiled binary has no files for, and which lose the last lines of a process.
 *
 * @param level the least serious level that is written
 */
export function createLog(level: LogLevel, options: LogOptions = {}): Log {
  const { format = "text", now = () => new Date(), part = "server", about } = options;
  const write = options.write ?? standardError(format);
  const lineOf = format === "json" ? plainLine : textLine;
  const logger = pino(
    {
      level,
      base: { part },
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      ...(about === undefined ? {} : { mixin: () => ({ ...about() }) }),
    },
    { write: (json) => write(lineOf(json.trimEnd())) },
  );
  const at = (own: LogLevel) => (sentence: string, facts?: LogFacts) =>
    facts === undefined ? logger[own](sentence) : logger[own](facts, sentence);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A logger that says nothing, for tests and for tools that only want the result. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {}

/** A reader that has gone costs its lines and nothing else. */
function standardError(format: LogFormat): (line: string) => void {
  const told = (sentence: string): string =>
    format === "json"
      ? JSON.stringify({ level: "warn", time: new Date().toISOString(), msg: sentence })
      : sentence;
  const writer = new LineWriter(2, told);
  return (line) => writer.write(line);
}
