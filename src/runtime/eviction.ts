import { type Footprint, totalBytes } from "./footprint.ts";
import type { OpenNetwork } from "./open-network.ts";

/** What is open, by key, and which of it the running job uses. */
export type Open = Readonly<{ entries: ReadonlyMap<string, OpenNetwork>; held: ReadonlySet<string> }>;

/**
 * Which network is closed so that there are enough bytes: of those that are not the job's the one that was not used for
 * longest. One whose bytes the job's networks have mapped anyway stays, since closing it would give nothing.
 *
 * @param wanted what is about to be opened
 * @param budget bytes
 * @returns its key; undefined where there is room, or closing does not help
 */
export function nextForBytes(
  { entries, held }: Open,
  wanted: Footprint | undefined,
  budget: number,
): string | undefined {
  const extra = wanted === undefined ? [] : [wanted];
  const footprints = (of: Iterable<OpenNetwork>): Footprint[] =>
    Array.from(of, ({ footprint }) => footprint).concat(extra);
  if (totalBytes(footprints(entries.values())) <= budget) return undefined;
  const [idle, kept] = byUse(entries, held);
  const rest = footprints(kept.map(([, entry]) => entry));
  const least = totalBytes(rest);
  return idle.find(([, { footprint }]) => totalBytes([...rest, footprint]) > least)?.[0];
}

/**
 * Which network is closed so that there are enough mappings: what is not the job's first, then the job's own, in each case
 * what was not used for longest. The system has no more mappings than it has.
 */
export function nextForMappings({ entries, held }: Open): string | undefined {
  const [idle, kept] = byUse(entries, held);
  return [...idle, ...kept][0]?.[0];
}

type Entries = readonly (readonly [key: string, entry: OpenNetwork])[];

/** What is not the job's, and what is; longest unused first. */
function byUse(entries: Open["entries"], held: Open["held"]): readonly [idle: Entries, kept: Entries] {
  const sorted = [...entries].sort(([, a], [, b]) => a.usedAt - b.usedAt);
  return [sorted.filter(([key]) => !held.has(key)), sorted.filter(([key]) => held.has(key))];
}
