import type { TaskId } from "#/lib/task-id.ts";

/** The waiting tasks in order. What lasts are the rows in the history; a queue is rebuilt from them. */
export interface TaskQueue {
  readonly ids: readonly TaskId[];
  /** A paused queue gives nothing out. */
  paused: boolean;
  add(id: TaskId): void;
  /** The next task to run, taken out of the queue. */
  take(): TaskId | undefined;
  /** @returns whether it was waiting */
  remove(id: TaskId): boolean;
  /** Moves a task before another, or to the end. @returns whether both were waiting */
  move(id: TaskId, before: TaskId | null): boolean;
}
