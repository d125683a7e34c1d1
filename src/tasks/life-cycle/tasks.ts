import type { GenerateRequest } from "#/api/generate.ts";
import type { EngineState } from "#/engine/engine.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryRange } from "#/stores/history.ts";
import type { LiveEvent } from "./events.ts";
import type { Task, TaskDoor } from "./task.ts";

export type SubmitOptions = Readonly<{
  /** Free text of a live-channel client. */
  label?: string;
  /** One picture, whatever `image_number` says: the answer has room for one. */
  single?: boolean;
  /** By which door it comes in; the main one if nothing is said. */
  door?: TaskDoor;
}>;

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

/** A page of the history, counted from 0. */
export type HistoryQuery = Readonly<{ page: number; pageSize: number }>;

/** The waiting line. */
export type WaitingLine = Readonly<{ pending: readonly TaskId[]; paused: boolean }>;

/** Everything about tasks, as routes see it. A reader is never the owner of a task: it may leave at any time. */
export interface Tasks {
  /** Number of the newest event. */
  readonly seq: number;
  readonly queue: WaitingLine;

  /**
   * Accepts a request: it is on disk when this returns, and cannot be lost from then on.
   *
   * @throws RequestError for what cannot be made, before anything is kept; `queue-full`
   * @throws EngineError `storage-failed`, or `interrupted` while the server shuts down
   */
  submit(request: GenerateRequest, options?: SubmitOptions): Promise<Task>;
  find(id: TaskId): Task | undefined;
  /** The running task. */
  current(): Task | undefined;
  /** The waiting tasks in their order. */
  pending(): readonly Task[];
  /** All rows but the waiting ones, the running one included, newest first. */
  history(query: HistoryQuery): readonly Task[];
  /** Everything queued in a span of time but the waiting ones, oldest first. */
  range(query: HistoryRange): readonly Task[];
  /** The task once it is settled, or as it is when `signal` aborts or the server closes. */
  settled(id: TaskId, signal: AbortSignal): Promise<Task | undefined>;
  /** A task's events after `since`, until it is settled or `signal` aborts; none for an unknown task. */
  watch(id: TaskId, signal: AbortSignal, since?: number): AsyncIterable<LiveEvent>;
  /** All events from now on, or after `since`, until `signal` aborts. */
  watchAll(signal: AbortSignal, since?: number): AsyncIterable<LiveEvent>;
  /** Calls `listener` with everything from now on, in order; returns the way to stop. One that throws hears no more. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
  /**
   * What a reader who was away since `since` must be told, in order; snapshots where events are no longer kept. Nothing
   * of a task whose every event it has seen. A reader that breaks off in the middle may come back with the last number.
   */
  backlog(of: readonly TaskId[] | "all", since: number): readonly LiveEvent[];
  /** Stops, skips or cancels; a waiting task is cancelled whatever the word. */
  control(target: TaskId | "current", action: "stop" | "skip" | "cancel"): ControlOutcome;
  /** Deletes a task in any state with its files; a running one is stopped first. Undefined if there is none. */
  remove(id: TaskId): Promise<RemoveReport | undefined>;
  /** Deletes the settled (and lost) tasks of a span of time with their files. */
  removeRange(query: HistoryRange): Promise<RemoveReport>;
  /** Lets nothing start, or go on. The running task is not concerned. Survives a restart. */
  pause(paused: boolean): void;
  /** Moves a waiting task before another, or to the end. @returns whether both were waiting */
  move(id: TaskId, before: TaskId | null): boolean;
  /** How many tasks have ended and are still in the history. */
  countSettled(): number;
  engineState(): EngineState;
  /** Lets the engine give back the memory of its networks, after the picture at hand; the next task opens them again. */
  unloadModels(): void;
  /**
   * Takes nothing more and waits for the task at hand, at most `milliseconds`; then it is handed back to the queue, to
   * be run by the next start.
   */
  close(milliseconds: number): Promise<void>;
}
