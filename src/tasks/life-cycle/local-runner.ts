import type { Engine } from "#/engine/engine.ts";
import { atMost } from "#/lib/at-most.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { Affinity } from "./affinity.ts";
import { type AttemptParts, attempt, type RunAtHand } from "./attempt.ts";
import { DiskWait } from "./disk-wait.ts";
import type { End } from "./endings.ts";
import { fateOf } from "./fate.ts";
import { type LiveTask, LiveTasks, startOf } from "./live-tasks.ts";
import { TaskRun } from "./run.ts";
import type { RunStart } from "./run-parts.ts";
import type { Asked, Runner } from "./runner.ts";
import type { RunnerNotes } from "./runner-notes.ts";
import type { RunnerParts } from "./runner-parts.ts";
import { openOn, type Slot, type SlotEnd, SlotPool } from "./slot-pool.ts";
import type { Task } from "./task.ts";
import type { EngineHealth } from "./task-reader.ts";
import { DecodingPaces } from "./time-left.ts";
import { cancelled, endOfUnfinished, waitingAgain } from "./unfinished.ts";

type Running = RunAtHand & { stopping: boolean } & Readonly<{ over: PromiseWithResolvers<void> }>;

/** Runs the waiting tasks in their order, one on each engine of this server. */
export class LocalRunner implements Runner {
  readonly tasks: LiveTasks;
  readonly #parts: RunnerParts;
  readonly #notes: RunnerNotes;
  readonly #slots: SlotPool;
  readonly #affinity: Affinity;
  readonly #disk: DiskWait;
  readonly #paces = new DecodingPaces();
  /** In the order they were started. */
  readonly #running = new Map<TaskId, Running>();
  #closing = false;
  /** Whether a question had the last slot: the next one is a task's, where one waits. */
  #answeredLast = false;

  /** @param paused whether the queue was paused when the last process ended */
  constructor(parts: RunnerParts, notes: RunnerNotes, paused: boolean) {
    this.#parts = parts;
    this.#notes = notes;
    this.#slots = new SlotPool(parts.engines, () => this.#next(), parts.log);
    this.#affinity = new Affinity(parts.passingLimit, parts.now);
    this.#disk = new DiskWait(parts.disk, parts.log, () => this.#next());
    this.tasks = new LiveTasks(parts.events, () => this.#running.size);
    this.tasks.pause(paused);
    parts.toolRuns.onWaiting(() => this.#next());
  }

  get closing(): boolean {
    return this.#closing;
  }

  get runningIds(): readonly TaskId[] {
    // The end of one that is still there may just be written.
    return [...this.#running.keys()].filter((id) => this.tasks.find(id) !== undefined);
  }

  isRunning(id: TaskId): boolean {
    return this.#running.has(id);
  }

  find(id: TaskId): Task | undefined {
    return this.tasks.find(id);
  }

  engines(): readonly EngineHealth[] {
    const running = [...this.#running.values()];
    return this.#parts.engines.map((engine) => ({
      name: engine.name,
      ...engine.state,
      task: running.find((one) => one.engine === engine)?.run.id ?? null,
    }));
  }

  async restore(): Promise<void> {
    for (const left of await this.#parts.history.unfinished()) {
      const live = waitingAgain(left);
      const end = endOfUnfinished(left);
      if (end === undefined) this.tasks.add(live);
      else await this.#parts.endings.settle(live.task, end);
    }
    this.#forget(this.#parts.images.onTheWay.dropOthers(this.tasks.ids));
    this.tasks.tell();
    this.#next();
  }

  add(task: Task): void {
    this.tasks.add({ task, attempts: 0, images: [] });
    this.tasks.tell(task.id);
    this.#next();
  }

  async control(id: TaskId, word: "stop" | "skip"): Promise<Asked> {
    const waiting = this.tasks.takeAway(id);
    if (waiting !== undefined) {
      await this.#parts.endings.settle(waiting, cancelled);
      this.tasks.tell();
      return "cancelled";
    }
    const running = this.#running.get(id);
    if (running === undefined || this.tasks.find(id) === undefined) return undefined;
    running.run.interrupt(word);
    if (word === "stop" && !running.stopping) {
      running.stopping = true;
      await this.#notes.stopping(id);
    }
    return "asked";
  }

  async cancelWaiting(): Promise<number> {
    const waiting = this.tasks.waiting.flatMap((id) => this.tasks.takeAway(id) ?? []);
    // All at once: none is begun, nor nowhere to be found, while the others are written.
    await Promise.all(waiting.map((task) => this.#parts.endings.settle(task, cancelled)));
    if (waiting.length > 0) this.tasks.tell();
    return waiting.length;
  }

  async pause(paused: boolean): Promise<void> {
    this.tasks.pause(paused);
    const kept = this.#notes.pause(() => this.tasks.paused);
    this.tasks.tell();
    this.#next();
    await kept;
  }

  async move(id: TaskId, before: TaskId | null): Promise<boolean> {
    if (!this.tasks.move(id, before)) return false;
    const kept = this.#notes.reorder(() => this.tasks.waiting);
    this.tasks.tell();
    await kept;
    return true;
  }

  async unloadModels(): Promise<void> {
    for (const engine of this.#parts.engines) engine.unload();
  }

  async close(milliseconds: number): Promise<void> {
    this.#closing = true;
    this.#parts.toolRuns.close();
    const atHand = [...this.#running.values()];
    if (atHand.length === 0) return;
    await atMost(milliseconds, Promise.all(atHand.map(({ over }) => over.promise)));
    await Promise.all(this.#running.values().map((running) => this.#leave(running)));
  }

  /** Leaves a task that still runs. One whose end is written just now is left to that. */
  async #leave({ run, stopping, over }: Running): Promise<void> {
    run.abandon();
    const task = this.tasks.find(run.id);
    if (task === undefined) return await over.promise;
    if (stopping) return await this.#settle(task, run.stopped());
    await this.#handBack(run.id);
  }

  /** The next start makes it, and this attempt does not count. */
  #handBack(id: TaskId): Promise<void> {
    return this.#notes.uncounted(id, (this.tasks.attemptsOf(id) ?? 1) - 1);
  }

  async #settle(task: Task, end: End): Promise<void> {
    this.tasks.end(task.id);
    this.#forget(this.#parts.images.onTheWay.drop(task.id));
    await this.#parts.endings.settle(task, end);
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
    const start = startOf(live, this.#parts.now());
    const running = {
      run: this.#runOf(live, engine, start),
      engine,
      over: Promise.withResolvers<void>(),
      stopping: false,
    };
    this.#running.set(id, running);
    this.tasks.begin(id, start);
    this.tasks.tell();
    try {
      const { task, end, slot } = await attempt(running, live, this.#attemptParts(id));
      if (end !== undefined && !running.run.abandoned) await this.#end(task, end, running, live.attempts);
      return slot;
    } finally {
      // One that was put back may be running again already.
      if (this.#running.get(id) === running) this.#running.delete(id);
      running.over.resolve();
    }
  }

  #attemptParts(id: TaskId): AttemptParts {
    return {
      ...this.#parts,
      started: (attempt) => this.#notes.started(id, attempt),
      recipe: () => this.#notes.recipe(id),
      warned: async (warnings) => {
        await this.#notes.warned(id, warnings);
        this.tasks.warn(id, warnings);
      },
      keepMaking: (making) => this.#notes.keepMaking(id, making),
      tell: (happening) => this.#parts.events.addTask(id, happening),
    };
  }

  /** @param before how often the task was started before this attempt */
  async #end(task: Task, end: End, { run, engine, stopping }: Running, before: number): Promise<void> {
    const isOutOfUse = this.#slots.isOutOfUse(engine);
    const attempts = this.tasks.attemptsOf(task.id);
    const fate = fateOf({ code: end.error?.code, isOutOfUse, stopping, closing: this.#closing, attempts });
    switch (fate) {
      case "ends":
        return await this.#settle(task, end);
      case "stopped":
        return await this.#settle(task, run.stopped());
      case "handed-back":
        return await this.#handBack(task.id);
      case "again":
        return this.#putBack(task.id, end, "an engine died; its task is tried again");
      case "elsewhere":
        // Its next start is written after this.
        void this.#notes.uncounted(task.id, before);
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

  #runOf({ task }: LiveTask, engine: Engine, start: RunStart): TaskRun {
    const { id } = task;
    return new TaskRun(task, { ...this.#parts, engine, pace: this.#paces.of(engine) }, start, {
      update: (state) => this.tasks.update(id, state, start.attempt),
      tell: (happening) => this.#parts.events.addTask(id, happening),
      keep: (saved) => this.#notes.imageSaved(id, saved),
    });
  }
}
