import { Gauge, type Registry } from "prom-client";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";

/** What is looked at when somebody asks. */
export type StateParts = Readonly<{
  tasks: Pick<TaskReader, "queue" | "running">;
  queueLimit: number;
  /** Bytes of the disk that pictures are written to; nothing where they cannot be told. */
  disk: () => Readonly<{ free: number; size: number }> | undefined;
}>;

/** How things are now: queue and disk. Looked at for each page, so between pages they cost nothing. */
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
  gauge("fooocusd_outputs_free_bytes", "Room on the disk of outputs.", () => disk()?.free ?? Number.NaN);
  gauge("fooocusd_outputs_size_bytes", "Size of the disk of outputs.", () => disk()?.size ?? Number.NaN);
}
