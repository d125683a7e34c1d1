import type { Fleet } from "#/fleet/fleet.ts";
import { seenLines } from "./fleet-desk.ts";
import type { FleetEvents } from "./fleet-events.ts";
import type { FleetMembers } from "./fleet-members.ts";
import type { AskedMeasures, FleetMeasures } from "./fleet-view.ts";
import type { HeadCounts } from "./head-counts.ts";

/** Milliseconds that a page of measures waits for Redis. */
const patience = 2000;

/** What a head's measures are read from. */
export type MeasuredParts = Readonly<{
  fleet: Pick<Fleet, "lines" | "log" | "reachable">;
  members: FleetMembers;
  events: FleetEvents;
  counts: HeadCounts;
  leads: () => boolean;
}>;

/** What is measured of a fleet at one of its heads. */
export const fleetMeasures = (parts: MeasuredParts): FleetMeasures => ({
  reachable: () => parts.fleet.reachable,
  leads: parts.leads,
  counts: () => parts.members.counts,
  leasesLost: () => parts.counts.leasesLost,
  isOwnEnd: (task) => parts.events.isOwnEnd(task),
  asked: async () => {
    if (!parts.fleet.reachable) return undefined;
    const late = Bun.sleep(patience).then(() => undefined);
    return await Promise.race([ask(parts).catch(() => undefined), late]);
  },
});

async function ask({ fleet, members, events }: MeasuredParts): Promise<AskedMeasures> {
  const [lines, last] = await Promise.all([seenLines(fleet, members), fleet.log.last()]);
  const times = lines.map(({ since }) => since);
  return {
    stuck: lines.reduce((sum, { why, tasks }) => sum + (why === null ? 0 : tasks), 0),
    oldest: times.length === 0 ? undefined : Math.min(...times),
    lag: Math.max(0, last - events.heard),
  };
}
