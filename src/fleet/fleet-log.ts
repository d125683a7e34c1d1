import type { TaskId } from "#/lib/task-id.ts";
import type { ServerHappening, TaskHappening } from "#/tasks/life-cycle/events.ts";

/**
 * What the members of a fleet tell each other, in one order for all. Happenings of tasks are those of a single server; the
 * preview of a progress is null in here, and goes beside it.
 */
export type FleetEntry = Readonly<
  | ({ taskId: TaskId } & Exclude<TaskHappening, { type: "snapshot" }>)
  | ({ taskId: null } & Exclude<ServerHappening, { type: "closing" }>)
  /** A worker is done with a job: its result can be recorded by a head. */
  | { taskId: TaskId; type: "ended"; line: string }
  /** What the client of a running task must be told by now: all its sentences. */
  | { taskId: TaskId; type: "warned"; warnings: readonly string[] }
  /** A waiting or running task was put back, and how many attempts it has had. */
  | { taskId: TaskId; type: "put-back"; attempts: number; why: string }
  /** Somebody came to the roll, left it, or changed on it. */
  | { taskId: null; type: "member"; id: string; change: "came" | "left" | "changed" }
>;

/** An entry as it is read. */
export type LogItem = Readonly<{
  /** Rises by one with each entry, over all writers, and never goes back. */
  seq: number;
  /** By the clock of who wrote it, milliseconds since 1970. */
  at: number;
  entry: FleetEntry;
  /** What {@link FleetLog.append} was given beside it. */
  preview?: KeptPreview;
}>;

/** A picture of a task at hand, which goes beside its entry: a PNG, and its sides in pixels. */
export type ToldPreview = Readonly<{ width: number; height: number; png: Uint8Array }>;

/** One that is read when somebody wants to see it; mostly nobody does. */
export type KeptPreview = Readonly<{
  width: number;
  height: number;
  /** Never throws. @returns nothing where it is gone: of each task the newest two are there, for some seconds after its end, and while Redis answers */
  png: () => Promise<Uint8Array | undefined>;
}>;

/** Entries are missing here: they were trimmed, or Redis lost them. The next one has at least number `from`. */
export type LogGap = Readonly<{ gap: true; from: number }>;

/** The stream of all that happens in a fleet. */
export interface FleetLog {
  /**
   * Tells something, in the order of the calls; a preview only beside what happened to a task. Never throws: while Redis is gone it is kept, of a task's progress only the newest.
   *
   * @returns its number, once it is written; nothing for what was not told since something newer took its place, or the fleet was closed
   */
  append(entry: FleetEntry, preview?: ToldPreview): Promise<number | undefined>;
  /** Everything behind a number (0: from the oldest that is kept), without repetition. Ends with the signal; a lost connection does not end it. */
  read(after: number, signal: AbortSignal): AsyncIterable<LogItem | LogGap>;
  /** The number of the last entry; 0 before the first. */
  last(): Promise<number>;
  /** Has numbers go on above this one, where they do not anyway. */
  raise(floor: number): Promise<void>;
}
