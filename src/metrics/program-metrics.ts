import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

/** What runs. */
export type ProgramFacts = Readonly<{ version: string; runtime: string }>;

/** Of the library's own, those that mean in Bun what they say: the others are about Node's heap and handles. */
const ofProcess = [
  "process_cpu_user_seconds_total",
  "process_cpu_system_seconds_total",
  "process_cpu_seconds_total",
  "process_start_time_seconds",
  "process_resident_memory_bytes",
  "process_virtual_memory_bytes",
  "process_open_fds",
  "process_max_fds",
  "nodejs_eventloop_lag_seconds",
] as const;

/** Milliseconds between looks at the event loop for measures that are not shown: as rarely as may be. */
const rarely = 60_000;

/** Which program this is, and what its process takes. The engine is a process of its own, and not in these. */
export function programMetrics(registry: Registry, { version, runtime }: ProgramFacts): void {
  const all = new Registry();
  collectDefaultMetrics({ register: all, eventLoopMonitoringPrecision: rarely });
  for (const name of ofProcess) {
    const metric = all.getSingleMetric(name);
    if (metric !== undefined) registry.registerMetric(metric);
  }
  new Gauge({
    name: "fooocusd_build_info",
    help: "1, with the version of the program and of Bun in it.",
    labelNames: ["version", "runtime"],
    registers: [registry],
  }).set({ version, runtime }, 1);
}
