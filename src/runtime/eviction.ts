import { type Footprint, totalBytes } from "./footprint.ts";
import type { OpenNetwork } from "./open-network.ts";

/**
 * How much may stay open: bytes of weights, 0 for nothing between jobs, and the memory mappings that the process may have.
 */
export type Budget = Readonly<{ bytes: number; mappings?: number | undefined }>;

/** What is open, by key, and which of it the running job uses. */
export type Open = Readonly<{ entries: ReadonlyMap<string, OpenNetwork>; held: ReadonlySet<string> }>;

/**
 * Which networks are closed so that there are enough bytes. Those that are not the job's, longest unused first, until there
 * is room; of these the ones stay after all that fit beside what is left, such as one whose bytes another has mapped too.
 *
 * @param wanted what is about to be opened
 * @param budget bytes
 * @returns their keys; they may not be enough, where the job alone is more than the budget
 */
export function closedForBytes(
  { entries, held }: Open,
  wanted: Footprint | undefined,
  budget: number,
): readonly string[] {
  const staying = new Set(entries.keys());
  const bytes = (): number => {
    const footprints = [...staying].flatMap((key) => entries.get(key)?.footprint ?? []);
    return totalBytes(wanted === undefined ? footprints : [...footprints, wanted]);
  };
  const closed: string[] = [];
  for (const [key] of byUse(entries)) {
    if (bytes() <= budget) break;
    if (held.has(key)) continue;
    staying.delete(key);
    closed.push(key);
  }
  const most = Math.max(budget, bytes());
  return closed.toReversed().filter((key) => {
    staying.add(key);
    const isTooMuch = bytes() > most;
    if (isTooMuch) staying.delete(key);
    return isTooMuch;
  });
}

/**
 * Which network is closed so that there are enough mappings: what is not the job's first, then the job's own, in each case
 * what was not used for longest. The system has no more mappings than it has.
 */
export function closedForMappings({ entries, held }: Open): string | undefined {
  const keys = byUse(entries).map(([key]) => key);
  return keys.find((key) => !held.has(key)) ?? keys[0];
}

/** Longest unused first. */
const byUse = (entries: Open["entries"]): readonly (readonly [key: string, entry: OpenNetwork])[] =>
  [...entries].sort(([, a], [, b]) => a.usedAt - b.usedAt);
