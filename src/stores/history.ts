import type { JsonObject } from "#/api/json.ts";
import type { WireError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { SettledStatus, Task, TaskDoor, TaskImage } from "#/tasks/life-cycle/task.ts";
import type { KeptImage } from "./images.ts";

export type NewTask = Readonly<{
  id: TaskId;
  request: JsonObject;
  webhookUrl: string;
  label: string | null;
  door: TaskDoor;
  warnings: readonly string[];
  queuedAt: number;
}>;

/** What a client asked for under a key of its own: a digest of all that decides what is made. */
export type RequestKey = Readonly<{ key: string; fingerprint: string }>;

/** One that a task is inserted with. `forgetBefore`, milliseconds since 1970, says which others have had their time. */
export type NewKey = RequestKey & Readonly<{ forgetBefore: number }>;

/** What is known of a key: its task, which may be gone, and what the first answer told of it. */
export type KeptKey = Readonly<{ taskId: TaskId; fingerprint: string; warnings: readonly string[] }>;

export type Settlement = Readonly<{
  outcome: SettledStatus;
  startedAt: number | null;
  finishedAt: number;
  percent: number;
  images: readonly TaskImage[];
  error: WireError | null;
}>;

/** A row that was never settled: it waited, or ran when the process died. */
export type Unfinished = NewTask &
  Readonly<{
    row: number;
    attempt: number;
    images: readonly TaskImage[];
    /** Whether it ran and was asked to stop. */
    stopping: boolean;
    /** Why it cannot be made any more. */
    fault: string | null;
  }>;

export type HistoryPage = Readonly<{ page: number; pageSize: number; without: readonly TaskId[] }>;
export type HistoryRange = Readonly<{ from: number; to: number }>;

/** What of the history is looked for: everything that is said must be true of a task. */
export type HistorySearch = Readonly<{
  /** Words of the prompt, each of which may go on. */
  words?: string | undefined;
  model?: string | undefined;
  style?: string | undefined;
  /** When it was queued, milliseconds, both included. */
  from?: number | undefined;
  to?: number | undefined;
  starred?: boolean | undefined;
  task?: TaskId | undefined;
  /** Rows below this number. */
  before?: number | undefined;
  limit: number;
}>;

/** A name that requests of the history say, and how many of them do. */
export type UsedName = Readonly<{ kind: "model" | "style"; name: string; tasks: number }>;

/** A file that rows named: an output in its folder, or an input, which has none. */
export type RowFile = Readonly<{
  kind: "output" | "input";
  folder: string;
  name: string;
  /** Since when no row names it, milliseconds since 1970. */
  at: number;
}>;

/** A task that has ended, as far as it matters how much of them is kept. */
export type EndedTask = Readonly<{
  id: TaskId;
  row: number;
  /** Milliseconds since 1970. */
  finishedAt: number;
  /** Addresses of its pictures. */
  urls: readonly string[];
}>;

/** What of the files of removed tasks is unwanted. */
export type Leavings = Readonly<{
  outputs: readonly KeptImage[];
  /** Whether also the inputs that no other task names. */
  inputs: boolean;
  /** Milliseconds since 1970. */
  at: number;
}>;

/** A webhook that waits for its next try. */
export type Delivery = Readonly<{ id: string; url: string; body: string; attempts: number; nextAt: number }>;

/** One whose body stays on disk until it is its turn. */
export type WaitingDelivery = Omit<Delivery, "body">;

/**
 * Where tasks last. A method is done when its promise is fulfilled: what it said lasts from then on, and whatever is asked
 * afterwards knows it. Each is one step: it is done as a whole or not at all, and no other is seen half done. What is asked
 * at once may be done in any order; whoever needs one waits for the first before the second. None waits long for another
 * program that keeps the history locked; whoever writes tries again ({@link isBusy} of `history/failures.ts` tells the case).
 *
 * @throws EngineError of a store (`isStorageCode`) from every method, when the history cannot be read or written
 */
export interface HistoryStore {
  /**
   * @param recipe what is to be made, kept until the task has ended
   * @param key    the client's own, if it gave one: kept with the task or not at all, and longer than it
   * @returns the row number
   * @throws EngineError that `isKeyTaken` of `history/failures.ts` tells, where another task has the key
   */
  insert(task: NewTask, recipe?: string, key?: NewKey): Promise<number>;
  /**
   * What was asked for under a key. Nothing where nothing was, or where both that and the end of its task, if that is still
   * there, were before a moment (milliseconds since 1970).
   */
  keyed(key: string, forgetBefore: number): Promise<KeptKey | undefined>;
  /** The recipe that a task was inserted with; nothing for one that was inserted without, or has ended. */
  recipe(id: TaskId): Promise<string | undefined>;
  /** Keeps what the pictures of a task were made of, as long as the task, in the place of what was kept. */
  keepMaking(id: TaskId, making: string): Promise<void>;
  making(id: TaskId): Promise<string | undefined>;
  started(id: TaskId, attempt: number): Promise<void>;
  /** The running task was asked to stop. */
  stopping(id: TaskId): Promise<void>;
  /** Takes the place of the sentences that a task was accepted with. */
  warned(id: TaskId, warnings: readonly string[]): Promise<void>;
  imageSaved(id: TaskId, images: readonly TaskImage[]): Promise<void>;
  /**
   * Settles a task and, with `delivery`, leaves its webhook in the outbox, both or neither. One that has ended stays as it ended,
   * whoever ended it, and gets no second delivery; nothing that comes later changes what is kept of it but its making.
   *
   * @returns whether this is the end that is kept
   */
  settle(id: TaskId, settlement: Settlement, delivery?: Delivery): Promise<boolean>;
  find(id: TaskId): Promise<Task | undefined>;
  /** Keeps the order of the waiting tasks, where it is not that of their arrival. */
  reorder(ids: readonly TaskId[]): Promise<void>;
  /** In the order they are to run: as {@link reorder} said, then as they came. */
  unfinished(): Promise<readonly Unfinished[]>;
  /** How many tasks have ended and are still there. */
  countSettled(): Promise<number>;
  /**
   * The tasks that have ended among so many rows after one, in the order of rows. One whose end cannot be read is left out.
   *
   * @returns also the last of these rows; nothing behind the end
   */
  ended(
    after: number,
    most: number,
  ): Promise<Readonly<{ tasks: readonly EndedTask[]; last: number | undefined }>>;
  /** Newest first. */
  page(query: HistoryPage): Promise<readonly Task[]>;
  /** Oldest first, everything queued from `from` to `to`, milliseconds, both included. */
  range(query: HistoryRange): Promise<readonly Task[]>;
  /** Gives a task a star, or takes it away. A star goes with its task. */
  star(id: TaskId, starred: boolean): Promise<void>;
  starredAmong(ids: readonly TaskId[]): Promise<ReadonlySet<TaskId>>;
  /** Tasks of which there is something to see (pictures, or why there are none), newest first; of words and names only what is in the index. */
  search(query: HistorySearch): Promise<readonly Task[]>;
  /** The names in the index, those of most tasks first. */
  usedNames(): Promise<readonly UsedName[]>;
  /** Takes some of the tasks that are not in the index into it. @returns whether there may be more */
  indexSome(): Promise<boolean>;
  /**
   * Removes tasks and, in the same step, notes which of their files are unwanted from then on, so that whoever deletes them
   * can go on after a crash.
   *
   * @returns these files
   */
  remove(ids: readonly TaskId[], leavings: Leavings): Promise<readonly RowFile[]>;
  /** Files that {@link remove} noted and that are not forgotten yet, so many at most. */
  unwanted(most: number): Promise<readonly RowFile[]>;
  /** They are deleted, or wanted again. */
  forgetFiles(files: readonly RowFile[]): Promise<void>;
  /** Whether a task names this input. */
  namesInput(name: string): Promise<boolean>;
  counter(name: string): Promise<number>;
  setCounter(name: string, value: number): Promise<void>;
  /** All webhooks that wait, soonest first. */
  deliveries(): Promise<readonly WaitingDelivery[]>;
  /**
   * Takes a webhook for one server so long, by the history's own clock, or until {@link reschedule}: no other can take it until
   * then. Only of a history that several servers have open.
   *
   * @param waiting as it was read; one that was tried meanwhile is not taken
   * @param holder  the server, by a name that no other has
   * @returns whether it is taken: another server may have it, or have delivered it
   */
  claim?(
    waiting: Pick<WaitingDelivery, "id" | "attempts">,
    holder: string,
    milliseconds: number,
  ): Promise<boolean>;
  /**
   * Raises a counter to at least this value, which no other server can undo. Only of a history that several servers have open.
   *
   * @returns its value then
   */
  raiseCounter?(name: string, value: number): Promise<number>;
  deliveryBody(id: string): Promise<string | undefined>;
  reschedule(id: string, attempts: number, nextAt: number): Promise<void>;
  delivered(id: string): Promise<void>;
  close(): Promise<void>;
}
