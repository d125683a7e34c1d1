import { fromStored } from "#/api/stored.ts";
import type { TaskId } from "#/engine/protocol.ts";
import { EngineError, toWireError } from "#/lib/errors.ts";
import type { Endings } from "./endings.ts";
import type { EventLog } from "./event-log.ts";
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

/** Runs the waiting tasks one after the other, whatever becomes of each. */
export class TaskRunner {
  readonly #parts: TaskParts;
  readonly #events: EventLog;
  readonly #endings: Endings;
  readonly #queue: TaskQueue = new MemoryQueue();
  readonly #live = new Map<TaskId, Live>();
  #current: TaskRun | undefined;
  #idle: Promise<void> = Promise.resolve();
  #closing = false;
  /** The running task, once it was asked to stop: it ends as stopped, whatever keeps it from ending by itself. */
  #stopping: TaskRun | undefined;

  constructor(parts: TaskParts, events: EventLog, endings: Endings) {
    this.#parts = parts;
    this.#events = events;
    this.#endings = endings;
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
    for (const { attempt, images, ...row } of this.#parts.history.unfinished()) {
      const task: Task = { ...row, state: { status: "pending", position: 0 } };
      if (stopping > 0 && row.row === stopping) {
        this.#endings.settle(task, {
          outcome: "stopped",
          startedAt: null,
          percent: 100,
          images,
          error: null,
        });
        continue;
      }
      if (attempt >= mostAttempts) {
        const message = `The server died ${attempt} times while it made this; it is not tried again.`;
        const error = toWireError(new EngineError("interrupted", message));
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
    this.#parts.engine.control(id, action);
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
    this.#remember(() => this.#parts.history.setCounter(pausedCounter, paused ? 1 : 0));
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
    const attempts = live?.attempts ?? 1;
    this.#remember(() => this.#parts.history.started(running.id, attempts - 1));
  }

  /** The queue does as it is told, and closes, even if a full disk forgets it at the next start. */
  #remember(write: () => void): void {
    try {
      write();
    } catch (thrown) {
      this.#parts.log.warn("the state of the queue could not be written", { error: String(thrown) });
    }
  }

  #next(): void {
    if (this.#closing || this.#current !== undefined) return;
    const id = this.#queue.take();
    const live = id === undefined ? undefined : this.#live.get(id);
    if (live === undefined) return;
    const attempt = live.attempts + 1;
    const { task, images } = live;
    const start = { at: this.#parts.now(), attempt, images };
    const run = new TaskRun(task, this.#parts, start, {
      update: (state) => this.#live.set(task.id, { ...live, attempts: attempt, task: { ...task, state } }),
      tell: (happening) => this.#events.addTask(task.id, happening),
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
  async #attempt(run: TaskRun, task: Task, attempt: number): Promise<void> {
    try {
      this.#parts.history.started(task.id, attempt);
      this.#events.addTask(task.id, { type: "started", attempt });
      const params = fromStored(task.request);
      const end = await run.make(params, this.#parts.resolve(params));
      if (end === undefined || run.abandoned) return;
      this.#live.delete(task.id);
      this.#endings.settle(task, end);
    } catch (thrown) {
      if (run.abandoned) return;
      this.#live.delete(task.id);
      this.#endings.settle(task, run.failed(thrown));
    }
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
