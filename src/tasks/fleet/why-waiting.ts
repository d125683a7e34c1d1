import type { First } from "#/fleet/lines.ts";
import type { FleetMembers } from "./fleet-members.ts";

/**
 * Why nobody takes what waits in a line, in a sentence with the way out.
 *
 * @returns nothing where somebody does: a worker with all files that is neither paused nor about to leave
 */
export function whyWaiting({ info }: Pick<First, "info">, members: FleetMembers): string | undefined {
  const { needs, recipeVersion } = info;
  const ability = members.ability(needs, recipeVersion);
  switch (ability.can) {
    case "yes":
      if (members.answering(needs, recipeVersion).can === "yes") return undefined;
      return "All workers that could make them are paused or about to leave; resume one, or start another.";
    case "no-worker":
      return anyWorker(members)
        ? "No worker of the version that they were asked for is there; keep one of that version until they are made."
        : "No worker is there; start one.";
    case "no": {
      const names = ability.lacking.map(({ kind, name }) => `${kind}/${name}`).join(", ");
      const who =
        ability.workers === 1 ? "The one worker lacks" : "No worker has all their files; the best one lacks";
      return `${who} ${names}, or has another file of that name. Put the same file into the models folder of a worker.`;
    }
  }
}

const anyWorker = (members: FleetMembers): boolean => members.all.some(({ role }) => role === "worker");
