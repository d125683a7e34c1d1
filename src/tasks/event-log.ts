import type { TaskId } from "#/engine/protocol.ts";
import { Inbox } from "#/lib/inbox.ts";
import type { LiveEvent, ServerHappening, TaskHappening } from "./events.ts";

/** Keeps the last number across restarts. */
export type SequenceStore = Readonly<{ load: () => number; save: (value: number) => void }>;

/** Numbers handed out before the store is asked again, so that not every event is a write to disk. */
const block = 1000;

/** Settled tasks whose events are still kept. */
const keptSettled = 256;

/** One ordered log of everything that happens; readers come late, leave, and come back without missing anything. */
export class EventLog {
  readonly #store: SequenceStore;
  readonly #now: () => number;
  readonly #byTask = new Map<TaskId, LiveEvent[]>();
  readonly #settled: TaskId[] = [];
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #seq: number;
  #reserved: number;

  constructor(store: SequenceStore, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#seq = store.load();
    this.#reserved = this.#seq;
  }

  get seq(): number {
    return this.#seq;
  }

  addTask(taskId: TaskId, happening: TaskHappening): void {
    const event = { seq: this.#next(), at: this.#now(), taskId, ...happening };
    const log = this.#byTask.get(taskId) ?? [];
    this.#byTask.set(taskId, log);
    // Only the newest preview is worth keeping.
    const last = log.at(-1);
    if (last?.type === "progress" && last.preview !== null) log[log.length - 1] = { ...last, preview: null };
    log.push(event);
    if (happening.type === "settled") this.#forgetOldest(taskId);
    this.#tell(event);
  }

  addServer(happening: ServerHappening): void {
    this.#tell({ seq: this.#next(), at: this.#now(), taskId: null, ...happening });
  }

  /** What is kept of a task after a number; undefined if nothing is kept of it at all. */
  of(taskId: TaskId, since: number): readonly LiveEvent[] | undefined {
    return this.#byTask.get(taskId)?.filter(({ seq }) => seq > since);
  }

  /** What is kept of all tasks after a number, in order. */
  since(since: number): readonly LiveEvent[] {
    return [...this.#byTask.values()]
      .flat()
      .filter(({ seq }) => seq > since)
      .sort((a, b) => a.seq - b.seq);
  }

  /** Calls `listener` with everything from now on, in the order it happens; returns the way to stop. */
  subscribe(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is kept after `since`, then everything, until `signal` aborts. */
  async *follow(since: number, signal: AbortSignal): AsyncGenerator<LiveEvent, void, undefined> {
    const inbox = new Inbox<LiveEvent>();
    const stop = this.subscribe((event) => inbox.push(event));
    const leave = (): void => inbox.close();
    signal.addEventListener("abort", leave);
    try {
      if (signal.aborted) return;
      yield* this.since(since);
      yield* inbox;
    } finally {
      stop();
      signal.removeEventListener("abort", leave);
    }
  }

  /** Writes the last number down; without it a restart leaves a gap, never a repetition. */
  close(): void {
    this.#store.save(this.#seq);
  }

  #next(): number {
    this.#seq += 1;
    if (this.#seq > this.#reserved) {
      this.#reserved = this.#seq + block;
      this.#store.save(this.#reserved);
    }
    return this.#seq;
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #forgetOldest(settled: TaskId): void {
    this.#settled.push(settled);
    if (this.#settled.length <= keptSettled) return;
    const oldest = this.#settled.shift();
    if (oldest !== undefined) this.#byTask.delete(oldest);
  }
}
