import type { Fleet } from "#/fleet/fleet.ts";
import { FleetEvents } from "./fleet-events.ts";

/**
 * Opens a head's events. They begin with the oldest that the fleet keeps, so that a client of another head goes on here.
 *
 * @param now milliseconds since 1970
 * @throws EngineError `fleet-unavailable`
 */
export async function openFleetEvents({ log }: Pick<Fleet, "log">, now: () => number): Promise<FleetEvents> {
  const last = await log.last();
  return new FleetEvents(log, last === 0 ? 0 : (await oldest(log)) - 1, now);
}

async function oldest(log: Fleet["log"]): Promise<number> {
  const found = new AbortController();
  try {
    for await (const item of log.read(0, found.signal)) if (!("gap" in item)) return item.seq;
  } finally {
    found.abort();
  }
  return 1;
}
