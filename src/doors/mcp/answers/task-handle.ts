import type { Addresses } from "#/routes/answers/addresses.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { jobOf } from "./job.ts";

/** Milliseconds between two questions about a task; the live channel is for those who want more. */
const pollInterval = 1000;

/** A task as the extension for tasks tells of it, without its result. */
export type TaskHandle = Readonly<{
  taskId: string;
  status: "working" | "completed" | "cancelled";
  statusMessage: string;
  createdAt: string;
  lastUpdatedAt: string;
  /** It is kept as long as the history keeps it. */
  ttlMs: null;
  pollIntervalMs: number;
}>;

/**
 * The handle of a task. A job that failed has `completed`: that is what the extension calls a call with a result that says so;
 * its own word `failed` is for errors of the protocol.
 *
 * @param now milliseconds since 1970
 */
export function taskHandle(task: Task, addresses: Addresses, now: number): TaskHandle {
  const { id, queuedAt, state } = task;
  const { message } = jobOf(task, addresses);
  return {
    taskId: id,
    status: statusOf(task),
    statusMessage: message,
    createdAt: new Date(queuedAt).toISOString(),
    lastUpdatedAt: new Date(state.status === "settled" ? state.finishedAt : now).toISOString(),
    ttlMs: null,
    pollIntervalMs: pollInterval,
  };
}

function statusOf({ state }: Task): TaskHandle["status"] {
  if (state.status !== "settled") return "working";
  switch (state.outcome) {
    case "stopped":
    case "cancelled":
      return "cancelled";
    case "finished":
    case "skipped":
    case "failed":
      return "completed";
  }
}
