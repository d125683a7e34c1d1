import { fromStored } from "#/api/stored.ts";
import { EngineError, toWireError, type WireError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { isBusy } from "#/stores/history/failures.ts";
import type { Endings } from "./endings.ts";
import type { EventLog } from "./event-log.ts";
import type { HistoryWriter } from "./history-writer.ts";
import type { TaskParts } from "./parts.ts";
import type { TaskQueue } from "./queue.ts";
import { MemoryQueue } from "./queues/memory.ts";
import { TaskRun } from "./run.ts";
import type { Task, TaskImage } from "./task.ts";

/** What is known of a task that has not ended. */
type Live = Readonly<{ task: Task; attempts: number; images: readonly TaskImage[] }>;

/** Started this often and never finished: the next attempt would end the same way. */
const mostAttempts = 2;

/** Name of the counter that remembers a paused queue. */
const pausedCounter = "paused";

/** Name of the counter that remembers the row of a running task that was asked to stop; 0 for none. */
const stoppingCounter = "stopping";

/** A waiting task that so many others are before. */
const placed = (task: Task, before: number): Task => ({
  ...task,
  state: { status: "pending", position: before + 1 },
});

/** Why an unfinished task is not made by this start. */
function whyNotAgain(fault: string | null, attempt: number): WireError | undefined {
  if (fault !== null) return toWireError(new EngineError("storage-failed", fault));
  if (attempt < mostAttempts) return undefined;
  const message = `The server died ${attempt} times while it made this; it is not tried again.`;
  return toWireError(new EngineError("interrupted", message));
}

/** Runs the waiting tasks one after the other, whatever becomes of each. */
export class TaskRunner {
  readonly #parts: TaskParts;
  readonly #events: EventLog;
  readonly #endings: Endings;
  readonly #writer: HistoryWriter;
  readonly #queue: TaskQueue = new MemoryQueue();
  readonly #live = new Map<TaskId, Live>();
  #current: TaskRun | undefined;
  #idle: Promise<void> = Promise.resolve();
  #closing = false;
  /** The running task, once it was asked to stop: it ends as stopped, whatever keeps it from ending by itself. */
  #stopping: TaskRun | undefined;

  constructor(parts: TaskParts, events: EventLog, endings: Endings, writer: HistoryWriter) {
    this.#parts = parts;
    this.#events = events;
    this.#endings = endings;
    this.#writer = writer;
    this.#queue.paused = parts.history.counter(pausedCounter) === 1;
  }

  get closing(): boolean {
    return this.#closing;
  }

  get currentId(): TaskId | undefined {
    return this.#current?.id;
  }

  get waiting(): readonly TaskId[] {
    return this.#queue.ids;
  }

  get paused(): boolean {
    return this.#queue.paused;
  }

  /** Ids of all tasks that have not ended: waiting or running. */
  get liveIds(): readonly TaskId[] {
    return [...this.#live.keys()];
  }

  /** The waiting tasks in their order. */
  get waitingTasks(): readonly Task[] {
    return this.#queue.ids.flatMap((id, index) => {
      const task = this.#live.get(id)?.task;
      return task === undefined ? [] : [placed(task, index)];
    });
  }

  /** A task that has not ended; a waiting one with its place as it is now. */
  find(id: TaskId): Task | undefined {
    const task = this.#live.get(id)?.task;
    return task?.state.status === "pending" ? placed(task, this.#queue.ids.indexOf(id)) : task;
  }

  /** Puts what the last process left unfinished back into the queue, in its order, and starts. */
  restore(): void {
    const stopping = this.#parts.history.counter(stoppingCounter);
    for (const { attempt, images, fault, ...row } of this.#parts.history.unfinished()) {
      const task: Task = { ...row, state: { status: "pending", position: 0 } };
      const ended = { startedAt: null, images } as const;
      if (stopping > 0 && row.row === stopping) {
        this.#endings.settle(task, { ...ended, outcome: "stopped", percent: 100, error: null });
        continue;
      }
      const error = whyNotAgain(fault, attempt);
      if (error !== undefined) {
        this.#endings.settle(task, { ...ended, outcome: "failed", percent: 0, error });
        this.#endings.settle(task, { outcome: "failed", startedAt: null, percent: 0, images, error });
        continue;
      }
      this.#live.set(row.id, { task, attempts: attempt, images });
      this.#queue.add(row.id);
    }
    if (stopping > 0) this.#remember(() => this.#parts.history.setCounter(stoppingCounter, 0));
    this.#tellQueue();
    this.#next();
  }

  /** Takes a task whose row is written; it runs when it is its turn. */
  add(task: Task): void {
    this.#live.set(task.id, { task, attempts: 0, images: [] });
    this.#queue.add(task.id);
    this.#tellQueue(task.id);
    this.#next();
  }

  /** Ends a waiting task. @returns whether it was waiting */
  cancel(id: TaskId): boolean {
    const task = this.find(id);
    if (task === undefined || !this.#queue.remove(id)) return false;
    this.#live.delete(id);
    this.#endings.settle(task, {
      outcome: "cancelled",
      startedAt: null,
      percent: 0,
      images: [],
      error: null,
    });
    this.#tellQueue();
    return true;
  }

  /** Asks the running task to stop, or to skip its image. @returns whether it is running */
  interrupt(id: TaskId, action: "stop" | "skip"): boolean {
    const run = this.#current;
    if (run?.id !== id) return false;
    run.interrupt(action);
    if (action === "stop" && this.#stopping !== run) {
      this.#stopping = run;
      // Whoever stopped it does not want it back, also if the server dies before it has ended.
      const row = this.#live.get(id)?.task.row ?? 0;
      this.#remember(() => this.#parts.history.setCounter(stoppingCounter, row));
    }
    return true;
  }

  pause(paused: boolean): void {
    this.#queue.paused = paused;
    this.#remember(() => this.#parts.history.setCounter(pausedCounter, this.#queue.paused ? 1 : 0));
    this.#tellQueue();
    this.#next();
  }

  move(id: TaskId, before: TaskId | null): boolean {
    const moved = this.#queue.move(id, before);
    if (moved) {
      this.#remember(() => this.#parts.history.reorder(this.#queue.ids));
      this.#tellQueue();
    }
    return moved;
  }

  /** Takes nothing more; waits for the running task, then hands it back, not counting the attempt; but not a stopped one. */
  async close(milliseconds: number): Promise<void> {
    this.#closing = true;
    const running = this.#current;
    if (running === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([this.#idle, late]);
    clearTimeout(timer);
    if (this.#current !== running) return;
    running.abandon();
    const live = this.#live.get(running.id);
    if (this.#stopping === running && live !== undefined) {
      this.#live.delete(running.id);
      this.#endings.settle(live.task, running.stopped());
      return;
    }
    this.#handBack(running.id);
  }

  /** The next start makes it, and this attempt does not count. */
  #handBack(id: TaskId): void {
    const attempts = this.#live.get(id)?.attempts ?? 1;
    this.#writer.keep(id, () => this.#parts.history.started(id, attempts - 1));
  }

  /** The queue does as it is told, even if a full disk forgets it at the next start. */
  #remember(write: () => void): void {
    this.#writer.keep("queue", write);
  }

  #next(): void {
    if (this.#closing || this.#current !== undefined) return;
    const id = this.#queue.take();
    const live = id === undefined ? undefined : this.#live.get(id);
    if (live === undefined) return;
    const attempt = live.attempts + 1;
    const { task, images } = live;
    const start = { at: Math.max(this.#parts.now(), task.queuedAt), attempt, images };
    const run = new TaskRun(task, this.#parts, start, {
      update: (state) => {
        const { task: known } = this.#live.get(task.id) ?? live;
        this.#live.set(task.id, { ...live, attempts: attempt, task: { ...known, state } });
      },
      tell: (happening) => this.#events.addTask(task.id, happening),
      // The picture is on the disk: whatever keeps its row from being written is no reason to lose it.
      keep: (saved) => this.#writer.keep(task.id, () => this.#parts.history.imageSaved(task.id, saved)),
    });
    this.#current = run;
    this.#tellQueue();
    this.#idle = this.#attempt(run, task, attempt).finally(() => {
      this.#current = undefined;
      if (this.#stopping === run) this.#remember(() => this.#parts.history.setCounter(stoppingCounter, 0));
      this.#stopping = undefined;
      this.#next();
    });
  }

  /** Never throws: a task that cannot be made ends as failed, and the queue goes on. */
  async #attempt(run: TaskRun, accepted: Task, attempt: number): Promise<void> {
    let task = accepted;
    try {
      // A disk that takes no row takes no picture either.
      this.#writer.keep(task.id, () => this.#parts.history.started(task.id, attempt), isBusy);
      this.#events.addTask(task.id, { type: "started", attempt });
      const params = fromStored(task.request);
      const resolved = this.#parts.resolve(params);
      task = this.#warned(task, resolved.warnings);
      const end = await run.make(params, resolved);
      if (end === undefined || run.abandoned) return;
      // Whoever ends a service may end its engine first; that is no fault of the picture's.
      const wasEnded = this.#closing && end.error?.code === "worker-died";
      if (wasEnded && this.#stopping !== run) return this.#handBack(task.id);
      this.#live.delete(task.id);
      this.#endings.settle(task, wasEnded ? run.stopped() : end);
    } catch (thrown) {
      if (run.abandoned) return;
      this.#live.delete(task.id);
      this.#endings.settle(task, run.failed(thrown));
    }
  }

  /** What is otherwise by now and was not when the task was accepted: files come, go and change while it waits. */
  #warned(task: Task, warnings: readonly string[]): Task {
    const added = warnings.filter((text) => !task.warnings.includes(text));
    if (added.length === 0) return task;
    const told = { ...task, warnings: [...task.warnings, ...added] };
    this.#parts.history.warned(task.id, told.warnings);
    const live = this.#live.get(task.id);
    if (live !== undefined)
      this.#live.set(task.id, { ...live, task: { ...live.task, warnings: told.warnings } });
    return told;
  }

  /** Says what waits, and to each task whose place changed where it stands; `added` is new at the end. */
  #tellQueue(added?: TaskId): void {
    const ahead = this.#current === undefined ? 0 : 1;
    for (const [index, id] of this.#queue.ids.entries()) {
      if (added !== undefined && id !== added) continue;
      const label = this.#live.get(id)?.task.label ?? null;
      this.#events.addTask(id, { type: "queued", position: index + 1, ahead: index + ahead, label });
    }
    this.#events.addServer({ type: "queue", pending: [...this.#queue.ids], paused: this.#queue.paused });
  }
}
