import { unordered, type WaitingJob } from "../../lines.ts";

/**
 * The order of those that wait in all lines. Within a line they stay as they are taken; between lines rank decides, then time.
 *
 * @param lines the waiting ones of each line, in its order
 */
export function waitingOrder(lines: readonly (readonly WaitingJob[])[]): readonly WaitingJob[] {
  const placed = lines.flatMap((jobs) => {
    let since = 0;
    let rank = 0;
    return jobs.map((job, place) => {
      // One that was added late, though its task is older, is behind those that are before it.
      since = job.rank === rank ? Math.max(since, job.since) : job.since;
      rank = job.rank;
      return { job, since, place };
    });
  });
  return placed
    .toSorted((a, b) => a.job.rank - b.job.rank || a.since - b.since || a.place - b.place)
    .map(({ job }) => job);
}

/**
 * The ranks that a new order gives.
 *
 * @param ids     which come first, in this order; those that do not wait are passed over
 * @param waiting all that wait, in their order
 * @returns those whose rank changes
 */
export function newRanks(
  ids: readonly string[],
  waiting: readonly WaitingJob[],
): readonly (WaitingJob & { readonly newRank: number })[] {
  const byId = new Map(waiting.map((job) => [job.id as string, job]));
  const named = new Set(ids);
  const first = [...named].flatMap((id) => byId.get(id) ?? []);
  const before = waiting.filter(({ id, rank }) => rank > 0 && rank < unordered && !named.has(id));
  return [...first, ...before]
    .map((job, i) => ({ ...job, newRank: i + 1 }))
    .filter(({ rank, newRank }) => rank !== newRank);
}
