import type { TaskId } from "#/lib/task-id.ts";
import { isBusy } from "#/stores/history/failures.ts";
import type { LiveEvent, ServerEvent, ServerHappening, TaskEvent, TaskHappening } from "./events.ts";

/** Keeps the last number across restarts. */
export type SequenceStore = Readonly<{ load: () => number; save: (value: number) => void }>;

/** Numbers reserved at a time, so that not every event is a write to disk; a crash leaves a gap, no repetition. */
const block = 1000;

/** Milliseconds before numbers are reserved again in a file that another program locks: it takes its time to say no. */
const saveAgainAfter = 1000;

/** Settled tasks whose events are still kept, and how many events that may be: some tens of megabytes. */
const keptSettled = 256;
const keptEvents = 100_000;

/** One ordered log of everything that happens; readers come late, leave, and come back without missing anything. */
export class EventLog {
  /** Number of the last event before this process. */
  readonly start: number;
  readonly #store: SequenceStore;
  readonly #now: () => number;
  readonly #byTask = new Map<TaskId, TaskEvent[]>();
  readonly #settled: TaskId[] = [];
  #settledEvents = 0;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #seq: number;
  #reserved: number;
  /** Until then a locked file is left alone; milliseconds of a clock that nobody sets. */
  #saveAfter = 0;
  #horizon: number;

  constructor(store: SequenceStore, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.start = store.load();
    this.#seq = this.start;
    this.#reserved = this.start;
    this.#horizon = this.start;
  }

  get seq(): number {
    return this.#seq;
  }

  /** Events up to this number may be missing. */
  get horizon(): number {
    return this.#horizon;
  }

  addTask(taskId: TaskId, happening: TaskHappening): void {
    const event: TaskEvent = { seq: this.#next(), at: this.#now(), taskId, ...happening };
    const log = this.#byTask.get(taskId) ?? [];
    this.#byTask.set(taskId, log);
    const last = log.at(-1);
    // Of previews and of places in the queue only the newest is worth keeping.
    if (last?.type === "progress" && last.preview !== null) log[log.length - 1] = { ...last, preview: null };
    if (last?.type === "queued" && event.type === "queued") log.pop();
    log.push(event);
    if (happening.type === "settled") this.#forgetOldest(taskId, log.length);
    this.#tell(event);
  }

  addServer(happening: ServerHappening): void {
    this.#tell({ seq: this.#next(), at: this.#now(), taskId: null, ...happening });
  }

  /** What is kept of a task after a number; undefined if nothing is kept of it at all. */
  of(taskId: TaskId, since: number): readonly TaskEvent[] | undefined {
    const log = this.#byTask.get(taskId);
    // Who comes back has mostly seen nearly everything.
    return (log?.at(-1)?.seq ?? 0) > since ? log?.filter(({ seq }) => seq > since) : log?.slice(0, 0);
  }

  /** Tasks of which something is kept. */
  taskIds(): readonly TaskId[] {
    return [...this.#byTask.keys()];
  }

  /** An event that says how things are now, for one reader; it has no number of its own. */
  snapshot(taskId: TaskId, happening: TaskHappening): TaskEvent {
    return { seq: this.#seq, at: this.#now(), taskId, ...happening };
  }

  /** The same of the server itself. */
  serverSnapshot(happening: ServerHappening): ServerEvent {
    return { seq: this.#seq, at: this.#now(), taskId: null, ...happening };
  }

  /** Calls `listener` with everything from now on, in the order it happens; returns the way to stop. */
  subscribe(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets a task that was deleted. */
  forget(taskId: TaskId): void {
    const log = this.#byTask.get(taskId);
    if (log?.at(-1)?.type === "settled") this.#settledEvents -= log.length;
    this.#byTask.delete(taskId);
  }

  /** Writes the last number down. */
  close(): void {
    this.#reserve(this.#seq);
  }

  #next(): number {
    this.#seq += 1;
    if (this.#seq > this.#reserved && performance.now() >= this.#saveAfter) this.#reserve(this.#seq + block);
    return this.#seq;
  }

  #reserve(seq: number): void {
    try {
      this.#store.save(seq);
      this.#reserved = seq;
    } catch (thrown) {
      // A full disk must not stop the news of it, nor the end; the next event tries again.
      if (isBusy(thrown)) this.#saveAfter = performance.now() + saveAgainAfter;
    }
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #forgetOldest(settled: TaskId, events: number): void {
    this.#settled.push(settled);
    this.#settledEvents += events;
    while (this.#settled.length > keptSettled || this.#settledEvents > keptEvents) {
      const [oldest] = this.#settled;
      // The newest stays, however long it is: somebody may be reading it.
      if (oldest === undefined || oldest === settled) return;
      this.#settled.shift();
      this.#horizon = Math.max(this.#horizon, this.#byTask.get(oldest)?.at(-1)?.seq ?? 0);
      this.forget(oldest);
    }
  }
}
