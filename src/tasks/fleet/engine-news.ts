import { stateOf } from "../life-cycle/engine-states.ts";
import type { ServerHappening } from "../life-cycle/events.ts";
import type { EngineHealth } from "../life-cycle/task-reader.ts";

/** What readers are told of the engines of a fleet; of one that is gone they are told by its absence. */
export function engineNews(
  engines: readonly EngineHealth[],
  changed: EngineHealth | undefined,
): ServerHappening {
  const named = engines.map(({ task: _, ...engine }) => engine);
  const engine = stateOf(named);
  const one = changed === undefined ? { name: "engine", ...engine } : changed;
  const { name, state, device, refused, loaded } = one;
  return { type: "engine", engine, changed: { name, state, device, refused, loaded }, engines: named };
}
