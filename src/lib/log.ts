import { LineWriter } from "./line-writer.ts";

/** How serious a line is; a logger prints its own level and everything after it in this list. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Facts beside the sentence, printed as `key=value`. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One method a level. Passed to what needs it, never imported as a value. */
export type Log = Readonly<Record<LogLevel, (sentence: string, facts?: LogFacts) => void>>;

/** Where lines go and what the clock says: a parameter, so that tests read lines instead of a terminal. */
export type LogSink = Readonly<{ write: (line: string) => void; now: () => Date }>;

/**
 * A logger that writes one line an event: `2026-11-23T10:00:00.000Z info  sentence key=value`.
 *
 * @param level the least serious level that is written
 * @param sink  standard error and the system's clock when left out
 */
export function createLog(level: LogLevel, sink: LogSink = standardError()): Log {
  const least = logLevels.indexOf(level);
  const at =
    (own: LogLevel) =>
    (sentence: string, facts: LogFacts = {}) => {
      if (logLevels.indexOf(own) < least) return;
      sink.write(`${sink.now().toISOString()} ${own.padEnd(5)} ${sentence}${tail(facts)}`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A logger that says nothing, for tests and for tools that only want the result. */
export const silentLog: Log = createLog("error", { write: () => {}, now: () => new Date(0) });

/** A reader that has gone costs its lines and nothing else. */
function standardError(): LogSink {
  const writer = new LineWriter(2);
  return { write: (line) => writer.write(line), now: () => new Date() };
}

function tail(facts: LogFacts): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? quoted(value) : String(value)}`)
    .join("");
}

/** Quotes only where a space, a quote, or a control character would blur where the value ends or forge a line. */
function quoted(value: string): string {
  return /^[^\s"\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
}
