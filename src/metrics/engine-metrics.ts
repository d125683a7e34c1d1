import { Counter, Gauge, type Registry } from "prom-client";
import type { EngineState } from "#/engine/engine.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";

/** What is read of engines. */
export type WatchedEngines = Pick<TaskReader, "engines" | "engineState" | "subscribe">;

const engineStates: readonly EngineState["state"][] = ["starting", "ready", "busy", "failed", "restarting"];

/** The engines of this server: what each does, how often it broke, and what is open in them. */
export function engineMetrics(registry: Registry, tasks: WatchedEngines): void {
  openMetrics(registry, tasks);
  const state = new Gauge({
    name: "fooocusd_engine_state",
    help: "1 for the state that an engine is in, 0 for the others.",
    labelNames: ["engine", "state"],
    registers: [],
    collect() {
      for (const { name, state: now } of tasks.engines())
        for (const one of engineStates) this.set({ engine: name, state: one }, one === now ? 1 : 0);
    },
  });
  registry.registerMetric(state);
  const breaks = new Counter({
    name: "fooocusd_engine_breaks_total",
    help: "How often an engine broke: its process ended, or it could not be opened. The next task starts it again.",
    labelNames: ["engine"],
    registers: [registry],
  });
  for (const { name } of tasks.engines()) breaks.inc({ engine: name }, 0);
  tasks.subscribe((event) => {
    if (event.type === "engine" && event.changed.state === "failed")
      breaks.inc({ engine: event.changed.name });
  });
}

function openMetrics(registry: Registry, { engineState }: WatchedEngines): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(value());
    };
    registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
  };
  const loaded = () => engineState().loaded;
  gauge("fooocusd_open_networks", "Networks that are open in the engine.", () => loaded().length);
  gauge("fooocusd_open_networks_bytes", "Bytes of weights of the networks that are open.", () =>
    loaded().reduce((sum, { bytes }) => sum + bytes, 0),
  );
}
