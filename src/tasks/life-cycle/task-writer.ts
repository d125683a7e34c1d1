import type { GenerateRequest } from "#/api/generate.ts";
import type { PostedRecipe } from "#/api/recipe-document.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryRange, RequestKey } from "#/stores/history.ts";
import type { Task, TaskDoor } from "./task.ts";

export type SubmitOptions = Readonly<{
  /** Free text of a live-channel client. */
  label?: string;
  /** One picture, whatever `image_number` says: the answer has room for one. */
  single?: boolean;
  /** By which door it comes in; the main one if nothing is said. */
  door?: TaskDoor;
  /** It is to become this very recipe, whose request it is. */
  recipe?: PostedRecipe;
  /** What its door has to tell of how it was read. */
  warnings?: readonly string[];
  /** Of the request that it came by, for the log. */
  requestId?: string | undefined;
}>;

/** A task, and whether it is that of an earlier request under the same key; its warnings are those that were told then. */
export type Submitted = Readonly<{ task: Task; isReplay: boolean }>;

/** What really happened to a control request. */
export type ControlOutcome =
  | "cancelled_pending"
  | "stopping"
  | "skipping"
  | "already_settled"
  | "unknown_task"
  | "nothing_running";

/** How many tasks and image files a removal took away. */
export type RemoveReport = Readonly<{ tasks: number; images: number }>;

/** What else goes with a task; the pictures that it was made from do, where no other task names them. */
export type RemoveOptions = Readonly<{ keepInputs?: boolean }>;

/** What can be done to tasks. */
export interface TaskWriter {
  /**
   * Accepts a request: it is on disk when this returns, and cannot be lost from then on.
   *
   * @throws RequestError for what cannot be made, before anything is kept; `queue-full`
   * @throws EngineError `storage-failed`, or `interrupted` while the server shuts down
   */
  submit(request: GenerateRequest, options?: SubmitOptions): Promise<Task>;
  /**
   * As `submit`, but that a key makes one task, however often and at once it comes: it is kept with the task, or not at all.
   * What was refused before there was a task leaves nothing.
   *
   * @param key as its client gave it; without one every request makes a task
   * @throws RequestError `reused-key` for another request under the same key, `gone` where its task was deleted
   */
  submitOnce(
    request: GenerateRequest,
    key: RequestKey | undefined,
    options?: SubmitOptions,
  ): Promise<Submitted>;
  /**
   * Stops, skips or cancels; a waiting task is cancelled whatever the word. Of several running tasks `current` is the one
   * that was started first.
   */
  control(target: TaskId | "current", action: "stop" | "skip" | "cancel"): Promise<ControlOutcome>;
  /**
   * Deletes a task that has ended with its files. Undefined if there is none.
   *
   * @throws RequestError `conflict` for one that waits or runs, unless it is to be stopped first
   */
  remove(
    id: TaskId,
    options?: RemoveOptions & Readonly<{ stop?: boolean }>,
  ): Promise<RemoveReport | undefined>;
  /** Deletes the settled (and lost) tasks of a span of time with their files. */
  removeRange(query: HistoryRange, options?: RemoveOptions): Promise<RemoveReport>;
  /** Gives a task a star, or takes it away. @returns whether there is such a task */
  star(id: TaskId, starred: boolean): Promise<boolean>;
  /** Takes all waiting tasks out of the queue. @returns how many there were */
  cancelWaiting(): Promise<number>;
  /** Lets nothing start, or go on. The running tasks are not concerned. Survives a restart. */
  pause(paused: boolean): Promise<void>;
  /** Moves a waiting task before another, or to the end. @returns whether both were waiting */
  move(id: TaskId, before: TaskId | null): Promise<boolean>;
  /** Lets the engines give back the memory of their networks, after the picture at hand; the next task opens them again. */
  unloadModels(): Promise<void>;
  /**
   * Takes nothing more and waits for the tasks at hand, at most `milliseconds`; then they are handed back to the queue,
   * to be run by the next start.
   */
  close(milliseconds: number): Promise<void>;
}
