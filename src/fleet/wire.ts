import { type Json, parseJson, writeJson } from "#/api/json.ts";
import { BugError } from "#/lib/errors.ts";
import type { FleetEntry } from "./fleet-log.ts";

/** Data of one type, there and back. */
export type Wire<T> = Readonly<{ write: (value: T) => string; read: (text: string) => T }>;

/**
 * JSON that loses no digit: whole numbers beyond 2^53 are bigints again. All members of a fleet speak the same protocol, so what
 * was read is taken for what was written.
 */
export const wireOf = <T>(): Wire<T> => ({ write: writeJson, read: (text) => readJson(text) as Json & T });

/** The runtime's own reader is ten times as fast, and right where no whole number can be beyond 2^53. */
const readJson = (text: string): unknown =>
  /(?<![.\d])\d{16}/.test(text) ? parseJson(text) : JSON.parse(text);

/** An entry of the log as it is written. `by` says which writer it is from and which of its entries it is; no other has the same. */
export type WireItem = Readonly<{
  at: number;
  by: string;
  entry: FleetEntry;
  /** The sides of a picture that goes beside it. */
  preview?: Readonly<{ width: number; height: number }>;
}>;

const items = wireOf<WireItem>();

/** JSON that loses no digit. Pixels and functions of a preview are no data: it goes beside the entry. */
export function writeItem({ entry, ...rest }: WireItem): string {
  return items.write({ ...rest, entry: "preview" in entry ? { ...entry, preview: null } : entry });
}

/**
 * What {@link writeItem} wrote. All members of a fleet speak the same protocol, so nothing but what it is at all is looked at.
 *
 * @throws BugError for a text that nobody of the fleet wrote
 */
export function readItem(text: string): WireItem {
  const item = items.read(text);
  const { at, entry } = item;
  if (typeof at !== "number" || typeof entry !== "object" || typeof entry.type !== "string") {
    throw new BugError("An entry of the fleet's log is none", { text: text.slice(0, 200) });
  }
  return item;
}
