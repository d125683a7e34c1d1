import type { JsonObject } from "#/api/json.ts";
import type { EngineState } from "#/engine/engine.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryRange, HistorySearch, UsedName } from "#/stores/history.ts";
import type { LiveEvent, NamedEngineState } from "./events.ts";
import type { Task } from "./task.ts";

/** A page of the history, counted from 0. */
export type HistoryQuery = Readonly<{ page: number; pageSize: number }>;

/** Tasks that a search found, newest first, which of them have a star, and where to go on, if there may be more. */
export type Found = Readonly<{
  tasks: readonly Task[];
  starred: ReadonlySet<TaskId>;
  next: number | undefined;
}>;

/** The waiting line. */
export type WaitingLine = Readonly<{ pending: readonly TaskId[]; paused: boolean }>;

/** An engine by its name, and the task that runs on it. */
export type EngineHealth = NamedEngineState & Readonly<{ task: TaskId | null }>;

/** What can be known of tasks. A reader is never the owner of a task: it may leave at any time. */
export interface TaskReader {
  /** Number of the newest event. */
  readonly seq: number;
  readonly queue: WaitingLine;

  /** A task that has not ended; a waiting one with its place as it is now. */
  live(id: TaskId): Task | undefined;
  /** A task as it is, or as it ended. */
  find(id: TaskId): Promise<Task | undefined>;
  /** The running task; of several the one that was started first. */
  current(): Task | undefined;
  /** All running tasks, in the order they were started: one on each engine. */
  running(): readonly Task[];
  /** The waiting tasks in their order. */
  pending(): readonly Task[];
  /** All rows but the waiting ones, the running ones included, newest first. */
  history(query: HistoryQuery): Promise<readonly Task[]>;
  /** Everything queued in a span of time but the waiting ones, oldest first. */
  range(query: HistoryRange): Promise<readonly Task[]>;
  /** Tasks of which there is something to see: pictures, also of one that still runs, or why there are none. */
  search(query: HistorySearch): Promise<Found>;
  /** The models and styles that tasks of the history name. */
  usedNames(): Promise<readonly UsedName[]>;
  /** What the pictures of a task that has ended were made of; nothing where that is not known. */
  making(id: TaskId): Promise<JsonObject | undefined>;
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
   *
   * @param look is given the events in the very step in which they are looked at: who begins to listen in it hears of tasks
   *   what comes after them, and nothing twice
   * @returns what `look` returns
   */
  backlog<T>(
    of: readonly TaskId[] | "all",
    since: number,
    look: (events: readonly LiveEvent[]) => T,
  ): Promise<T>;
  /** How many tasks have ended and are still in the history. */
  countSettled(): Promise<number>;
  /** Each engine, in the order of the settings. */
  engines(): readonly EngineHealth[];
  /** Of several engines the state of one that works, if one does, and the networks of all. */
  engineState(): EngineState;
}
