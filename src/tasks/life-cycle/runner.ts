import type { Engine } from "#/engine/engine.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { Affinity } from "./affinity.ts";
import { attempt, type RunAtHand } from "./attempt.ts";
import { DiskWait } from "./disk-wait.ts";
import type { End } from "./endings.ts";
import { fateOf } from "./fate.ts";
import { type LiveTask, LiveTasks } from "./live-tasks.ts";
import { TaskRun } from "./run.ts";
import type { RunnerParts } from "./runner-parts.ts";
import { openOn, type Slot, type SlotEnd, SlotPool } from "./slot-pool.ts";
import type { Task } from "./task.ts";
import { DecodingPace } from "./time-left.ts";
import { endOfUnfinished } from "./unfinished.ts";

/** Name of the counter that remembers a paused queue. */
const pausedCounter = "paused";

type Running = RunAtHand & { stopping: boolean } & Readonly<{ over: PromiseWithResolvers<void> }>;

/** Runs the waiting tasks in their order, one on each engine, whatever becomes of each. */
export class TaskRunner {
  readonly tasks: LiveTasks;
  readonly #parts: RunnerParts;
  readonly #slots: SlotPool;
  readonly #affinity: Affinity;
  readonly #disk: DiskWait;
  readonly #paces = new WeakMap<Engine, DecodingPace>();
  /** In the order they were started. */
  readonly #running = new Map<TaskId, Running>();
  #closing = false;
  /** Whether a question had the last slot: the next one is a task's, where one waits. */
  #answeredLast = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#slots = new SlotPool(parts.engines, () => this.#next());
    this.#affinity = new Affinity(parts.passingLimit, parts.now);
    this.#disk = new DiskWait(parts.disk, parts.log, () => this.#next());
    this.tasks = new LiveTasks(parts.events, () => this.#running.size);
    this.tasks.pause(parts.history.counter(pausedCounter) === 1);
    parts.toolRuns.onWaiting(() => this.#next());
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Ids of the running tasks, the one that was started first before all others. */
  get runningIds(): readonly TaskId[] {
    return [...this.#running.keys()];
  }

  isRunning(id: TaskId): boolean {
    return this.#running.has(id);
  }

  /** The task that runs on an engine. */
  taskOn(engine: Engine): TaskId | undefined {
    return this.#running.values().find((running) => running.engine === engine)?.run.id;
  }

  /** A task that has not ended; a waiting one with its place as it is now. */
  find(id: TaskId): Task | undefined {
    return this.tasks.find(id);
  }

  /** Puts what the last process left unfinished back into the queue, in its order, and starts. */
  restore(): void {
    for (const left of this.#parts.history.unfinished()) {
      const { attempt: attempts, images, fault: _, stopping: __, ...row } = left;
      const task: Task = { ...row, state: { status: "pending", position: 0 } };
      const end = endOfUnfinished(left);
      if (end === undefined) this.tasks.add({ task, attempts, images });
      else this.#parts.endings.settle(task, end);
    }
    this.#forget(this.#parts.images.onTheWay.dropOthers(this.tasks.ids));
    this.tasks.tell();
    this.#next();
  }

  /** Takes a task whose row is written; it runs when it is its turn. */
  add(task: Task): void {
    this.tasks.add({ task, attempts: 0, images: [] });
    this.tasks.tell(task.id);
    this.#next();
  }

  /** Ends a waiting task. @returns whether it was waiting */
  cancel(id: TaskId): boolean {
    const isCancelled = this.#cancelled(id);
    if (isCancelled) this.tasks.tell();
    return isCancelled;
  }

  /** Ends all waiting tasks. @returns how many */
  cancelWaiting(): number {
    const ended = this.tasks.waiting.filter((id) => this.#cancelled(id));
    if (ended.length > 0) this.tasks.tell();
    return ended.length;
  }

  #cancelled(id: TaskId): boolean {
    const task = this.tasks.takeAway(id);
    if (task === undefined) return false;
    const unmade = { startedAt: null, percent: 0, images: [], error: null } as const;
    this.#parts.endings.settle(task, { outcome: "cancelled", ...unmade });
    return true;
  }

  /** Asks a running task to stop, or to skip its image. @returns whether it is running */
  interrupt(id: TaskId, action: "stop" | "skip"): boolean {
    const running = this.#running.get(id);
    if (running === undefined) return false;
    running.run.interrupt(action);
    if (action === "stop" && !running.stopping) {
      running.stopping = true;
      // Whoever stopped it does not want it back, also if the server dies before it has ended.
      this.#parts.writer.keep(id, () => this.#parts.history.stopping(id));
    }
    return true;
  }

  pause(paused: boolean): void {
    this.tasks.pause(paused);
    this.#remember(() => this.#parts.history.setCounter(pausedCounter, this.tasks.paused ? 1 : 0));
    this.tasks.tell();
    this.#next();
  }

  move(id: TaskId, before: TaskId | null): boolean {
    const moved = this.tasks.move(id, before);
    if (moved) {
      this.#remember(() => this.#parts.history.reorder(this.tasks.waiting));
      this.tasks.tell();
    }
    return moved;
  }

  /**
   * Takes nothing more; waits for the running tasks, then hands them back, not counting the attempt; but not a stopped
   * one.
   */
  async close(milliseconds: number): Promise<void> {
    this.#closing = true;
    this.#parts.toolRuns.close();
    const atHand = [...this.#running.values()];
    if (atHand.length === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([Promise.all(atHand.map(({ over }) => over.promise)), late]);
    clearTimeout(timer);
    for (const { run, stopping } of this.#running.values()) {
      run.abandon();
      const task = this.tasks.find(run.id);
      if (stopping && task !== undefined) this.#settle(task, run.stopped());
      else this.#handBack(run.id);
    }
  }

  /** The next start makes it, and this attempt does not count. */
  #handBack(id: TaskId): void {
    const attempts = this.tasks.attemptsOf(id) ?? 1;
    this.#parts.writer.keep(id, () => this.#parts.history.started(id, attempts - 1));
  }

  /** The queue does as it is told, even if a full disk forgets it at the next start. */
  #remember(write: () => void): void {
    this.#parts.writer.keep("queue", write);
  }

  #settle(task: Task, end: End): void {
    this.tasks.end(task.id);
    this.#forget(this.#parts.images.onTheWay.drop(task.id));
    this.#parts.endings.settle(task, end);
  }

  /** What is left of pictures on their way takes room, and no more: the next start tries again. */
  #forget(dropped: Promise<void>): void {
    dropped.catch((thrown: unknown) =>
      this.#parts.log.warn("pictures between two passes could not be deleted", { error: String(thrown) }),
    );
  }

  /** Starts what can be: a task, or the answer to a question, for each slot that is idle. */
  #next(): void {
    let slot = this.#slots.idle[0];
    while (!this.#closing && slot !== undefined && this.#begin(slot)) slot = this.#slots.idle[0];
  }

  /**
   * Questions take a second and have somebody who waits: they come first, but never two in a row before a task.
   *
   * @param slot the one that has been idle longest
   * @returns whether something was begun
   */
  #begin(slot: Slot): boolean {
    const { toolRuns } = this.#parts;
    if ((this.#answeredLast || !toolRuns.isWaiting) && this.#beginTask()) {
      this.#answeredLast = false;
      return true;
    }
    const answering = toolRuns.take((engine) => this.#slots.isOutOfUse(engine));
    this.#answeredLast = answering !== undefined;
    if (answering !== undefined) this.#slots.lend(slot, answering);
    return answering !== undefined;
  }

  /** Begins the next task on the engine that suits it. @returns whether there was one */
  #beginTask(): boolean {
    const waiting = this.tasks.next;
    if (waiting.length === 0 || !this.#disk.hasRoom()) return false;
    const { idle, lent } = this.#slots;
    const chosen = this.#affinity.choose(
      waiting,
      idle.map(openOn),
      lent.map(({ checkpoint }) => ({ open: checkpoint })),
    );
    if (chosen === undefined) return false;
    const [task, slot] = [waiting[chosen.task], idle[chosen.engine]];
    const live = task === undefined ? undefined : this.tasks.take(task.id);
    if (task === undefined || live === undefined || slot === undefined) return false;
    this.#slots.lend(slot, (engine) => this.#run(live, engine), task.checkpoint);
    return true;
  }

  async #run(live: LiveTask, engine: Engine): Promise<SlotEnd> {
    const { id } = live.task;
    const running = {
      run: this.#runOf(live, engine),
      engine,
      over: Promise.withResolvers<void>(),
      stopping: false,
    };
    this.#running.set(id, running);
    this.tasks.tell();
    try {
      const warn = this.tasks.warn.bind(this.tasks);
      const { task, end, slot } = await attempt(running, live, { ...this.#parts, warn });
      if (end !== undefined && !running.run.abandoned) this.#end(task, end, running, live.attempts);
      return slot;
    } finally {
      // One that was put back may be running again already.
      if (this.#running.get(id) === running) this.#running.delete(id);
      running.over.resolve();
    }
  }

  /** @param before how often the task was started before this attempt */
  #end(task: Task, end: End, { run, engine, stopping }: Running, before: number): void {
    const isOutOfUse = this.#slots.isOutOfUse(engine);
    const attempts = this.tasks.attemptsOf(task.id);
    const fate = fateOf({ code: end.error?.code, isOutOfUse, stopping, closing: this.#closing, attempts });
    switch (fate) {
      case "ends":
        return this.#settle(task, end);
      case "stopped":
        return this.#settle(task, run.stopped());
      case "handed-back":
        return this.#handBack(task.id);
      case "again":
        return this.#putBack(task.id, end, "an engine died; its task is tried again");
      case "elsewhere":
        this.#parts.writer.keep(task.id, () => this.#parts.history.started(task.id, before));
        return this.#putBack(
          task.id,
          { ...end, attempts: before },
          `${engine.name} cannot be opened; its task goes to another engine`,
        );
    }
  }

  #putBack(id: TaskId, { images, error, attempts }: End & { attempts?: number }, why: string): void {
    this.#parts.log.warn(why, { task: id, reason: error?.message });
    this.#running.delete(id);
    this.tasks.putBack(id, images, attempts);
    this.tasks.tell();
    this.#next();
  }

  #runOf({ task, attempts, images }: LiveTask, engine: Engine): TaskRun {
    const { history, events, writer, now } = this.#parts;
    const { id } = task;
    const attempt = attempts + 1;
    const start = { at: Math.max(now(), task.queuedAt), attempt, images };
    const pace = this.#paces.get(engine) ?? new DecodingPace();
    this.#paces.set(engine, pace);
    return new TaskRun(task, { ...this.#parts, engine, pace }, start, {
      update: (state) => this.tasks.update(id, state, attempt),
      tell: (happening) => events.addTask(id, happening),
      // The picture is on the disk: whatever keeps its row from being written is no reason to lose it.
      keep: (saved) => writer.keep(id, () => history.imageSaved(id, saved)),
    });
  }
}
