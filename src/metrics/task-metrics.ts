import { Counter, Histogram, type Registry } from "prom-client";
import type { TaskId } from "#/lib/task-id.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import { settledStatuses } from "#/tasks/life-cycle/task.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";

/** What is read of tasks. */
export type WatchedTasks = Pick<TaskReader, "subscribe">;

/** Seconds: from a demo picture to a batch on a processor. */
const taskBuckets = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
const stepBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Counts what tasks do, from their events.
 *
 * @param isOwn whether an end is this server's to count, where several hear of each; then steps are counted by who makes them
 */
export function taskMetrics(
  registry: Registry,
  tasks: WatchedTasks,
  doors: readonly string[],
  isOwn?: (id: TaskId) => boolean,
): void {
  const ended = endMeters(registry, doors);
  if (isOwn === undefined) stepMeter(registry, tasks);
  tasks.subscribe((event) => {
    if (event.taskId === null || event.type !== "settled") return;
    if (isOwn === undefined || isOwn(event.taskId)) ended(event);
  });
}

/** Times the steps of all tasks at hand. */
function stepMeter(registry: Registry, tasks: WatchedTasks): void {
  const meter = new Histogram({
    name: "fooocusd_step_seconds",
    help: "Time of a step of denoising.",
    buckets: stepBuckets,
    registers: [registry],
  });
  /** When each running task's last step was done. */
  const steps = new Map<TaskId, Step>();
  tasks.subscribe((event) => {
    if (event.taskId === null) return;
    if (event.type === "progress") {
      const step = stepOf(event);
      const last = steps.get(event.taskId);
      if (step === undefined) steps.delete(event.taskId);
      else {
        const follows = last !== undefined && last.image === step.image && last.step + 1 === step.step;
        if (follows) meter.observe((step.at - last.at) / 1000);
        steps.set(event.taskId, step);
      }
    } else if (event.type === "settled") steps.delete(event.taskId);
  });
}

type Settled = Extract<LiveEvent, { type: "settled" }>;

type Step = Readonly<{ image: number; step: number; at: number }>;

function stepOf(event: Extract<LiveEvent, { type: "progress" }>): Step | undefined {
  const { moment, image, step, at } = event;
  return moment.now === "step" || moment.now === "image" ? { image, step, at } : undefined;
}

function endMeters(registry: Registry, doors: readonly string[]): (end: Settled) => void {
  const registers = [registry];
  const tasks = new Counter({
    name: "fooocusd_tasks_total",
    help: "Tasks that ended, by the API they came in by and how they ended.",
    labelNames: ["door", "outcome"],
    registers,
  });
  for (const door of doors) for (const outcome of settledStatuses) tasks.inc({ door, outcome }, 0);
  const images = new Counter({
    name: "fooocusd_images_total",
    help: "Pictures that were made.",
    registers,
  });
  const waiting = new Histogram({
    name: "fooocusd_task_waiting_seconds",
    help: "How long tasks that began had waited for their turn.",
    buckets: taskBuckets,
    registers,
  });
  const running = new Histogram({
    name: "fooocusd_task_running_seconds",
    help: "How long tasks that began took, whatever became of them.",
    buckets: taskBuckets,
    registers,
  });
  const stages = new Counter({
    name: "fooocusd_stage_seconds_total",
    help: "Where the time of pictures went, as they measured it.",
    labelNames: ["stage"],
    registers,
  });
  return ({ door, status: outcome, result, timings, ranMs }) => {
    const { queued_ms, ...spent } = timings;
    tasks.inc({ door, outcome });
    images.inc(result.length);
    for (const [name, milliseconds] of Object.entries(spent))
      stages.inc({ stage: name.replace("_ms", "") }, milliseconds / 1000);
    if (ranMs === null) return;
    waiting.observe(queued_ms / 1000);
    running.observe(ranMs / 1000);
  };
}
