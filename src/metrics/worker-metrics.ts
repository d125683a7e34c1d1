import { Counter, Gauge, Registry } from "prom-client";
import type { MetricsPage } from "#/routes/metrics.ts";
import { engineWords, type WorkerTotals, workerStates } from "#/tasks/fleet/fleet-view.ts";
import { type ProgramFacts, programMetrics } from "./program-metrics.ts";

/** What is measured at a worker. */
export type MeasuredWorker = Readonly<{
  state: () => (typeof workerStates)[number];
  engines: () => readonly Readonly<{ name: string; state: string }>[];
  totals: () => WorkerTotals;
  reachable: () => boolean;
}>;

/** The measures of one worker of a fleet. */
export function workerMetrics(program: ProgramFacts, worker: MeasuredWorker): MetricsPage {
  const registry = new Registry();
  programMetrics(registry, program);
  const total = (name: string, help: string, of: (totals: WorkerTotals) => number): void => {
    const collect = function (this: Counter): void {
      this.reset();
      this.inc(of(worker.totals()));
    };
    registry.registerMetric(new Counter({ name, help, registers: [], collect }));
  };
  total(
    "fooocusd_worker_tasks_total",
    "Tasks that were over here, whatever became of them.",
    ({ tasks }) => tasks,
  );
  total("fooocusd_worker_images_total", "Pictures that were made here.", ({ pictures }) => pictures);
  total("fooocusd_worker_steps_total", "Steps of denoising that were made here.", ({ steps }) => steps);
  total(
    "fooocusd_worker_put_back_total",
    "Tasks that were handed back to the fleet.",
    ({ putBack }) => putBack,
  );
  total(
    "fooocusd_worker_busy_seconds_total",
    "Time that engines had a task, of all together.",
    ({ busyMs }) => busyMs / 1000,
  );
  stateMetrics(registry, worker);
  return { page: () => registry.metrics(), contentType: registry.contentType };
}

function stateMetrics(registry: Registry, { state, engines, reachable }: MeasuredWorker): void {
  const own = new Gauge({
    name: "fooocusd_worker_state",
    help: "1 for the state that this worker is in, 0 for the others.",
    labelNames: ["state"],
    registers: [],
    collect() {
      for (const one of workerStates) this.set({ state: one }, one === state() ? 1 : 0);
    },
  });
  const ofEngines = new Gauge({
    name: "fooocusd_engine_state",
    help: "1 for the state that an engine is in, 0 for the others.",
    labelNames: ["engine", "state"],
    registers: [],
    collect() {
      for (const { name, state: now } of engines())
        for (const one of engineWords) this.set({ engine: name, state: one }, one === now ? 1 : 0);
    },
  });
  const redis = new Gauge({
    name: "fooocusd_fleet_redis_up",
    help: "1 while the fleet's Redis answers.",
    registers: [],
    collect() {
      this.set(reachable() ? 1 : 0);
    },
  });
  for (const metric of [own, ofEngines, redis]) registry.registerMetric(metric);
}
