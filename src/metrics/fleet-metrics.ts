import { Counter, Gauge, type Registry } from "prom-client";
import type { FleetMeasures } from "#/tasks/fleet/fleet-view.ts";

/** The fleet as one of its heads sees it. Ids of workers are no labels: there may be a thousand, and new ones every hour. */
export function fleetMetrics(registry: Registry, fleet: FleetMeasures, now: () => number): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(value());
    };
    registry.registerMetric(new Gauge({ name, help, registers: [], collect }));
  };
  gauge("fooocusd_fleet_redis_up", "1 while the fleet's Redis answers.", () => (fleet.reachable() ? 1 : 0));
  gauge("fooocusd_fleet_leads", "1 at the head that keeps house for the fleet.", () =>
    fleet.leads() ? 1 : 0,
  );
  gauge("fooocusd_fleet_heads", "Heads that are there.", () => fleet.counts().heads);
  states(registry, "fooocusd_fleet_workers", "Workers by what they do.", () => fleet.counts().workers);
  states(
    registry,
    "fooocusd_fleet_engines",
    "Engines of all workers by state.",
    () => fleet.counts().engines,
  );
  askedMetrics(registry, fleet, now);
  const lost = new Counter({
    name: "fooocusd_fleet_leases_lost_total",
    help: "Tasks that wait again since their worker was lost, counted by the head that found it.",
    registers: [],
    collect() {
      this.reset();
      this.inc(fleet.leasesLost());
    },
  });
  registry.registerMetric(lost);
}

function states(
  registry: Registry,
  name: string,
  help: string,
  counts: () => Readonly<Record<string, number>>,
): void {
  const metric = new Gauge({
    name,
    help,
    labelNames: ["state"],
    registers: [],
    collect() {
      for (const [state, count] of Object.entries(counts())) this.set({ state }, count);
    },
  });
  registry.registerMetric(metric);
}

/** One question for all three; they are not told while Redis does not answer. */
function askedMetrics(registry: Registry, fleet: FleetMeasures, now: () => number): void {
  const of = (name: string, help: string): Gauge => {
    const metric = new Gauge({ name, help, registers: [] });
    registry.registerMetric(metric);
    return metric;
  };
  const oldest = of(
    "fooocusd_fleet_oldest_waiting_seconds",
    "How long the first of the waiting tasks has waited.",
  );
  const lag = of(
    "fooocusd_fleet_log_lag_entries",
    "Entries of the fleet's log that this head has not heard yet.",
  );
  const stuck = new Gauge({
    name: "fooocusd_fleet_tasks_stuck",
    help: "Waiting tasks that no worker takes: none has their files, or all that have are paused.",
    registers: [],
    async collect() {
      const found = await fleet.asked();
      this.set(found?.stuck ?? Number.NaN);
      lag.set(found?.lag ?? Number.NaN);
      const since = found?.oldest;
      oldest.set(
        found === undefined ? Number.NaN : since === undefined ? 0 : Math.max(0, now() - since) / 1000,
      );
    },
  });
  registry.registerMetric(stuck);
}
