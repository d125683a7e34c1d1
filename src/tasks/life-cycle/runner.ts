import type { TaskId } from "#/lib/task-id.ts";
import type { RunnerParts } from "./runner-parts.ts";
import type { Task } from "./task.ts";
import type { EngineHealth } from "./task-reader.ts";

/** What became of asking a task to stop or to skip its image; nothing where it neither waits nor runs. */
export type Asked = "cancelled" | "asked" | undefined;

/** The tasks that have not ended. */
export type OpenTasks = Readonly<{
  /** All: waiting or running. */
  ids: readonly TaskId[];
  /** The waiting tasks in their order, and as tasks, each with its place. */
  waiting: readonly TaskId[];
  waitingTasks: readonly Task[];
  /** Whether no waiting task is begun. */
  paused: boolean;
}>;

/**
 * Knows the tasks that have not ended and has them made, in their order, whatever becomes of each. What is known of them is
 * known at once; what is done to them may have to be asked elsewhere, where the engines are.
 */
export interface Runner {
  /** Whether nothing more is taken. */
  readonly closing: boolean;
  readonly tasks: OpenTasks;
  /** Ids of the running tasks, the one that was started first before all others. */
  readonly runningIds: readonly TaskId[];
  isRunning(id: TaskId): boolean;
  /** A task that has not ended; a waiting one with its place as it is now. */
  find(id: TaskId): Task | undefined;
  /** Each engine, in the order of the settings. */
  engines(): readonly EngineHealth[];
  /** Puts what the last process left unfinished back into the queue, in its order, and starts. */
  restore(): Promise<void>;
  /** Takes a task whose row is written; it runs when it is its turn. */
  add(task: Task): void;
  /** Ends a waiting task, whatever the word; asks a running one to stop, or to skip its image. */
  control(id: TaskId, word: "stop" | "skip"): Promise<Asked>;
  /** Ends all waiting tasks. @returns how many */
  cancelWaiting(): Promise<number>;
  /** Survives a restart. */
  pause(paused: boolean): Promise<void>;
  /** Moves a waiting task before another, or to the end. @returns whether both were waiting */
  move(id: TaskId, before: TaskId | null): Promise<boolean>;
  /** Lets the engines give back the memory of their networks, after the picture at hand. */
  unloadModels(): Promise<void>;
  /**
   * Takes nothing more; waits for the running tasks, at most `milliseconds`, then hands them back, not counting the attempt; but
   * not a stopped one.
   */
  close(milliseconds: number): Promise<void>;
}

/** Makes what runs the tasks; it begins with the first call of `restore`. */
export type OpenRunner = (parts: RunnerParts) => Promise<Runner>;
