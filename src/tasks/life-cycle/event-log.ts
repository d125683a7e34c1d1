import type { TaskId } from "#/lib/task-id.ts";
import type { EventNumbers } from "./event-numbers.ts";
import type { LiveEvent, ServerEvent, ServerHappening, TaskEvent, TaskHappening } from "./events.ts";

/** Settled tasks whose events are still kept, and how many events that may be: some tens of megabytes. */
const keptSettled = 256;
const keptEvents = 100_000;

/** What gives events their numbers. */
type Numbers = Pick<EventNumbers, "start" | "next" | "close">;

/** One ordered log of everything that happens; readers come late, leave, and come back without missing anything. */
export class EventLog {
  readonly #numbers: Numbers;
  readonly #now: () => number;
  readonly #byTask = new Map<TaskId, TaskEvent[]>();
  readonly #settled: TaskId[] = [];
  #settledEvents = 0;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #seq: number;
  #horizon: number;

  constructor(numbers: Numbers, now: () => number) {
    this.#numbers = numbers;
    this.#now = now;
    this.#seq = numbers.start;
    this.#horizon = numbers.start;
  }

  /** Number of the last event before this process. */
  get start(): number {
    return this.#numbers.start;
  }

  get seq(): number {
    return this.#seq;
  }

  /** Events up to this number may be missing. */
  get horizon(): number {
    return this.#horizon;
  }

  addTask(taskId: TaskId, happening: TaskHappening): void {
    this.take({ seq: this.#numbers.next(), at: this.#now(), taskId, ...happening });
  }

  addServer(happening: ServerHappening): void {
    this.take({ seq: this.#numbers.next(), at: this.#now(), taskId: null, ...happening });
  }

  /** Keeps what happened and has its number already, and tells it. Events come in the order of their numbers. */
  take(event: LiveEvent): void {
    this.#seq = event.seq;
    if (event.taskId !== null) this.#keep(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** What is kept of a task after a number; undefined if nothing is kept of it at all. */
  of(taskId: TaskId, since: number): readonly TaskEvent[] | undefined {
    const log = this.#byTask.get(taskId);
    // Who comes back has mostly seen nearly everything.
    return (log?.at(-1)?.seq ?? 0) > since ? log?.filter(({ seq }) => seq > since) : log?.slice(0, 0);
  }

  /** Whether anything is kept of a task. */
  has(taskId: TaskId): boolean {
    return this.#byTask.has(taskId);
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
  close(): Promise<void> {
    return this.#numbers.close();
  }

  #keep(event: TaskEvent): void {
    const { taskId } = event;
    const log = this.#byTask.get(taskId) ?? [];
    this.#byTask.set(taskId, log);
    const last = log.at(-1);
    // Of previews and of places in the queue only the newest is worth keeping.
    if (last?.type === "progress" && last.preview !== null) log[log.length - 1] = { ...last, preview: null };
    if (last?.type === "queued" && event.type === "queued") log.pop();
    log.push(event);
    if (event.type === "settled") this.#forgetOldest(taskId, log.length);
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
