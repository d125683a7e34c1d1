import type { TaskId } from "#/lib/task-id.ts";

/** The waiting tasks in order. What lasts are the rows in the history; a queue is rebuilt from them. */
export interface TaskQueue {
  readonly ids: readonly TaskId[];
  /** Whether nothing is to be taken out of it. */
  paused: boolean;
  add(id: TaskId): void;
  /** Takes a task out, to begin or to end it. @returns whether it was waiting */
  remove(id: TaskId): boolean;
  /** Moves a task before another, or to the end. @returns whether both were waiting */
  move(id: TaskId, before: TaskId | null): boolean;
}
