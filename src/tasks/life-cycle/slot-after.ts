import type { Engine } from "#/engine/engine.ts";
import type { WireError } from "#/lib/errors.ts";
import type { SlotEnd } from "./slot-pool.ts";

/** How a run leaves its slot that ended by itself, with or without an error. */
export function slotAfter(error: WireError | null, { state: { state } }: Pick<Engine, "state">): SlotEnd {
  const isBroken = error?.code === "worker-died" || state === "failed" || state === "restarting";
  return isBroken ? "broken" : "idle";
}
