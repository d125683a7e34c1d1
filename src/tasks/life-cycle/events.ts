import type { EngineState } from "#/engine/engine.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Progress, SettledStatus, Task, TaskImage } from "./task.ts";

/** Where a task's time went, in milliseconds. */
export type TaskTimings = Readonly<{
  queued_ms: number;
  loading_ms: number;
  encoding_ms: number;
  denoising_ms: number;
  decoding_ms: number;
  saving_ms: number;
}>;

/** What can happen to a task, in the order it can see it; `settled` comes exactly once, last. */
export type TaskHappening = Readonly<
  | { type: "queued"; position: number; ahead: number; label: string | null }
  | { type: "started"; attempt: number }
  | ({ type: "progress"; etaMs: number | null } & Progress)
  | { type: "image"; index: number; image: TaskImage }
  | {
      type: "settled";
      status: SettledStatus;
      result: readonly string[];
      error: Readonly<{ code: string; message: string }> | null;
      warnings: readonly string[];
      timings: TaskTimings;
      /** Name of the API that it came in by. */
      door: string;
      /** Milliseconds from its start to its end; null for one that never began. */
      ranMs: number | null;
    }
  /** Instead of events that are no longer kept: the task as it is. */
  | { type: "snapshot"; task: Task }
>;

/** An engine as it is, by its name. */
export type NamedEngineState = EngineState & Readonly<{ name: string }>;

/** What happens to the server itself. */
export type ServerHappening = Readonly<
  /** One changed, and what is told of all as of one. */
  | { type: "engine"; engine: EngineState; changed: NamedEngineState; engines: readonly NamedEngineState[] }
  | { type: "queue"; pending: readonly TaskId[]; paused: boolean }
  /** Tasks that had ended were deleted. */
  | { type: "removed"; tasks: readonly TaskId[] }
  /** Tasks got a star, or lost it. */
  | { type: "starred"; tasks: readonly TaskId[]; starred: boolean }
  /** The last event of this process, to every reader. */
  | { type: "closing"; message: string }
>;

type Numbered = Readonly<{ /** Rises over the whole server and never goes back. */ seq: number; at: number }>;

export type TaskEvent = Numbered & Readonly<{ taskId: TaskId }> & TaskHappening;
export type ServerEvent = Numbered & Readonly<{ taskId: null }> & ServerHappening;
export type LiveEvent = TaskEvent | ServerEvent;
