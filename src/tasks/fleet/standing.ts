import type { Member } from "#/fleet/roll.ts";
import { engineWords, type FleetCounts, type Standing, standings } from "./fleet-view.ts";
import type { LostWorker } from "./lost-workers.ts";

/** How a worker that is there stands. */
export function standingOf({ state, engines }: Member): Standing {
  if (state !== "ready") return state;
  return engines.some(({ task }) => task !== null) ? "busy" : "ready";
}

/** Counts who is there, and who is lost. */
export function countMembers(members: readonly Member[], lost: readonly LostWorker[]): FleetCounts {
  const workers = members.filter(({ role }) => role === "worker");
  const stand = [...workers.map(standingOf), ...lost.map(() => "lost" as const)];
  const states = workers.flatMap(({ engines }) => engines.map(({ state }) => state));
  return {
    heads: members.length - workers.length,
    workers: tally(standings, stand),
    engines: tally(engineWords, states),
  };
}

function tally<K extends string>(words: readonly K[], found: readonly string[]): Readonly<Record<K, number>> {
  const counts = new Map<string, number>();
  for (const word of found) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries(words.map((word) => [word, counts.get(word) ?? 0])) as Record<K, number>;
}
