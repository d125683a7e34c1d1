import { stateOf } from "../life-cycle/engine-states.ts";
import type { NamedEngineState, ServerHappening } from "../life-cycle/events.ts";
import type { EngineHealth } from "../life-cycle/task-reader.ts";

/** What readers are told of the engines of a fleet; of one that is gone they are told by its absence. */
export function engineNews(
  engines: readonly EngineHealth[],
  changed: EngineHealth | undefined,
): ServerHappening {
  const named = engines.map(withoutTask);
  const engine = stateOf(named);
  const one = changed === undefined ? { name: "engine", ...engine } : withoutTask(changed);
  return { type: "engine", engine, changed: one, engines: named };
}

function withoutTask(health: EngineHealth): NamedEngineState {
  const { name, state, device, refused, loaded } = health;
  return { name, state, device, refused, loaded };
}
