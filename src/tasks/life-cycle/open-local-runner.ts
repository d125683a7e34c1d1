import type { Engine } from "#/engine/engine.ts";
import { stateOf } from "./engine-states.ts";
import { LocalRunner } from "./local-runner.ts";
import type { OpenRunner } from "./runner.ts";
import { RunnerNotes } from "./runner-notes.ts";

/** Opens the runner of a server that has its engines itself, and tells of these. */
export const openLocalRunner: OpenRunner = async (parts) => {
  const { engines, events } = parts;
  const notes = new RunnerNotes(parts);
  const runner = new LocalRunner(parts, notes, await notes.wasPaused());
  for (const engine of engines)
    engine.subscribe(() => {
      const all = stateOf(engines.map(({ state }) => state));
      events.addServer({ type: "engine", engine: all, changed: named(engine), engines: engines.map(named) });
    });
  return runner;
};

const named = ({ name, state }: Engine) => ({ name, ...state });
