import { Registry } from "prom-client";
import type { FleetMeasures } from "#/tasks/fleet/fleet-view.ts";
import { engineMetrics, type WatchedEngines } from "./engine-metrics.ts";
import { fleetMetrics } from "./fleet-metrics.ts";
import { type ProgramFacts, programMetrics } from "./program-metrics.ts";
import { type RequestMetrics, requestMetrics } from "./request-metrics.ts";
import { type StateParts, stateMetrics } from "./state-metrics.ts";
import { taskMetrics, type WatchedTasks } from "./task-metrics.ts";
import { type WebhookMeter, webhookMeter } from "./webhook-metrics.ts";

/** What is measured, and the page that a scraper reads. */
export type Metrics = Readonly<{
  requests: RequestMetrics;
  webhook: WebhookMeter;
  /** From when there are tasks on; what they did before is not counted. */
  watch: (tasks: WatchedTasks & WatchedEngines & StateParts["tasks"], others: Others) => void;
  /** In the text format of Prometheus. */
  page: () => Promise<string>;
  contentType: string;
}>;

/** What is looked at beside tasks, and names of the APIs by which these come in. */
type Others = Omit<StateParts, "tasks"> &
  Readonly<{
    doors: readonly string[] /** The fleet that makes the tasks, where there is one. */;
    fleet?: FleetMeasures;
  }>;

/**
 * The measures of one server, in a registry of their own. Their labels have few values: routes as they are declared, never
 * paths, and no names of models, prompts or clients.
 */
export function createMetrics(program: ProgramFacts): Metrics {
  const registry = new Registry();
  programMetrics(registry, program);
  return {
    requests: requestMetrics(registry),
    webhook: webhookMeter(registry),
    watch: (tasks, { doors, fleet, ...others }) => {
      stateMetrics(registry, { tasks, ...others });
      if (fleet === undefined) {
        taskMetrics(registry, tasks, doors);
        engineMetrics(registry, tasks);
        return;
      }
      taskMetrics(registry, tasks, doors, (id) => fleet.isOwnEnd(id));
      fleetMetrics(registry, fleet, Date.now);
    },
    page: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
