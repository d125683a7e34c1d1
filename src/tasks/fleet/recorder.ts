import type { Fleet } from "#/fleet/fleet.ts";
import type { JobResult } from "#/fleet/jobs.ts";
import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import { type Endings, toldOf } from "../life-cycle/endings.ts";
import type { EventLog } from "../life-cycle/event-log.ts";
import type { HistoryWriter } from "../life-cycle/history-writer.ts";
import type { Task } from "../life-cycle/task.ts";

/** What recording works with. */
export type RecorderParts = Readonly<{
  fleet: Pick<Fleet, "lines" | "claims">;
  history: Pick<HistoryStore, "find" | "keepMaking" | "warned">;
  images: Pick<ImageStore, "onTheWay">;
  endings: Pick<Endings, "settle">;
  events: Pick<EventLog, "addTask">;
  writer: Pick<HistoryWriter, "now">;
  /** Whether no other head is there. */
  isAlone: () => boolean;
  log: Pick<Log, "warn">;
}>;

/** Milliseconds for which an end is one head's to record. */
const claimed = 30_000;

/** Milliseconds after which an end that nobody recorded is anybody's: its head died, or the history could not be written. */
const forgotten = 10_000;

/** Milliseconds that an end is left to the head that took the task: all hear of it, and one is to write it down. */
const othersAfter = 1000;

/** Ends that are recorded at the same time. */
const most = 8;

/**
 * Writes down how jobs of the fleet ended, each once, whichever head it is: a job is forgotten only when its task's row says that it
 * ended.
 */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #waiting = new Set<TaskId>();
  /** Tasks that this head took. */
  readonly #own = new Set<TaskId>();
  /** Ends of others' tasks that were heard of, and are not written down. */
  readonly #left = new Map<TaskId, ReturnType<typeof setTimeout>>();
  #atWork = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** This head took a task: it is the first to record its end. */
  expect(id: TaskId): void {
    this.#own.add(id);
  }

  /** A worker is done with a job. Where the head that took it is gone, another one records its end. */
  hear(id: TaskId): void {
    if (this.#own.has(id) || this.#parts.isAlone()) return this.record(id);
    if (this.#left.has(id)) return;
    const timer = setTimeout(() => {
      this.#left.delete(id);
      this.record(id);
    }, othersAfter);
    timer.unref();
    this.#left.set(id, timer);
  }

  /** The end of a task was told. */
  over(id: TaskId): void {
    this.#own.delete(id);
    clearTimeout(this.#left.get(id));
    this.#left.delete(id);
  }

  /** What is left to others stays theirs. */
  close(): void {
    for (const id of this.#left.keys()) this.over(id);
  }

  /** Records an end, as soon as those before it are. */
  record(id: TaskId): void {
    this.#waiting.add(id);
    void this.#work();
  }

  /** Looks for ends that nobody recorded. @throws EngineError `fleet-unavailable` */
  async sweep(): Promise<void> {
    for (const { id } of await this.#parts.fleet.lines.ended(forgotten)) this.record(id);
  }

  async #work(): Promise<void> {
    const [id] = this.#waiting;
    if (id === undefined || this.#atWork >= most) return;
    this.#waiting.delete(id);
    this.#atWork += 1;
    try {
      await this.#one(id);
    } catch (thrown) {
      this.#parts.log.warn("an end waits to be recorded", { task: id, reason: String(thrown) });
    } finally {
      this.#atWork -= 1;
      void this.#work();
    }
  }

  async #one(id: TaskId): Promise<void> {
    const { fleet, history } = this.#parts;
    const claim = await fleet.claims.take(`end:${id}`, claimed);
    if (claim === undefined) return;
    try {
      const result = await fleet.lines.result(id);
      if (result === undefined) return;
      const task = await history.find(id);
      if (task !== undefined) await this.#settle(task, result);
      const isOver = task === undefined || (await history.find(id))?.state.status !== "pending";
      if (!isOver) return;
      await this.#parts.images.onTheWay.drop(id);
      await fleet.lines.forget(id);
    } finally {
      await claim.release();
    }
  }

  async #settle(task: Task, { end, warnings, making }: JobResult): Promise<void> {
    const { history, writer, endings, events } = this.#parts;
    const { state } = task;
    // Whoever wrote it down died before it was told.
    if (state.status === "settled")
      return events.addTask(task.id, { type: "settled", ...toldOf(task, state) });
    await writer.now(async () => {
      if (warnings.length > 0) await history.warned(task.id, warnings);
      if (making !== null) await history.keepMaking(task.id, making);
    });
    await endings.settle({ ...task, warnings }, end);
  }
}
