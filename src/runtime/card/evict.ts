import { totalBytes } from "../footprint.ts";
import type { OpenNetwork } from "../open-network.ts";
import type { JobRoom } from "./job-plan.ts";

/** What is open on a card, by key. */
export type OnCard = ReadonlyMap<string, Pick<OpenNetwork, "footprint" | "usedAt">>;

/** A network that is to be run, and what it takes where it is not open yet. */
export type Coming = Readonly<{ key: string; bytes: number }>;

/**
 * Which networks leave a card so that one can be run: first what does not stay by the plan, longest unused first, then what does; never what must
 * be open beside it.
 *
 * @param room as planned for the job; nothing where there is no card
 * @returns their keys
 */
export function leavingCard(open: OnCard, coming: Coming, room: JobRoom | undefined): readonly string[] {
  if (room === undefined) return [];
  const features = (key: string): number => room.loads.get(key)?.features ?? 0;
  const staying = new Set(open.keys());
  const bytes = (): number => {
    let sum = staying.has(coming.key) ? 0 : coming.bytes + features(coming.key);
    for (const key of staying) {
      const entry = open.get(key);
      if (entry !== undefined) sum += totalBytes([entry.footprint]) + features(key);
    }
    return sum;
  };
  const beside = room.loads.get(coming.key)?.beside;
  const rank = (key: string): number => (room.stays.has(key) ? 1 : 0);
  const order = [...open].toSorted(
    ([a, first], [b, second]) => rank(a) - rank(b) || first.usedAt - second.usedAt,
  );
  const leaving: string[] = [];
  for (const [key] of order) {
    if (bytes() <= room.bytes) break;
    if (key === coming.key || beside?.has(key) === true) continue;
    staying.delete(key);
    leaving.push(key);
  }
  return leaving;
}
