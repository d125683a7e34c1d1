import { Counter, Gauge, type Registry } from "prom-client";
import type { EngineState } from "#/engine/engine.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";

/** What is looked at when somebody asks. */
export type StateParts = Readonly<{
  tasks: Pick<TaskReader, "queue" | "running" | "engines" | "engineState" | "subscribe">;
  queueLimit: number;
  /** Bytes of the disk that pictures are written to; nothing where they cannot be told. */
  disk: () => Readonly<{ free: number; size: number }> | undefined;
}>;

const engineStates: readonly EngineState["state"][] = ["starting", "ready", "busy", "failed", "restarting"];

/** How things are now: queue, engine, disk. Looked at for each page, so between pages they cost nothing. */
export function stateMetrics(registry: Registry, { tasks, queueLimit, disk }: StateParts): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(value());
    };
    registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
  };
  gauge("fooocusd_tasks_waiting", "Tasks that wait.", () => tasks.queue.pending.length);
  gauge("fooocusd_tasks_running", "Tasks that run.", () => tasks.running().length);
  gauge("fooocusd_queue_limit", "Tasks that may wait.", () => queueLimit);
  gauge("fooocusd_queue_paused", "1 while the queue is paused.", () => (tasks.queue.paused ? 1 : 0));
  const { engineState } = tasks;
  const loaded = () => engineState().loaded;
  gauge("fooocusd_open_networks", "Networks that are open in the engine.", () => loaded().length);
  gauge("fooocusd_open_networks_bytes", "Bytes of weights of the networks that are open.", () =>
    loaded().reduce((sum, { bytes }) => sum + bytes, 0),
  );
  gauge("fooocusd_outputs_free_bytes", "Room on the disk of outputs.", () => disk()?.free ?? Number.NaN);
  gauge("fooocusd_outputs_size_bytes", "Size of the disk of outputs.", () => disk()?.size ?? Number.NaN);
  engineMetrics(registry, tasks);
}

function engineMetrics(registry: Registry, tasks: Pick<TaskReader, "engines" | "subscribe">): void {
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
