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
  log: Pick<Log, "warn">;
}>;

/** Milliseconds for which an end is one head's to record. */
const claimed = 30_000;

/** Milliseconds after which an end that nobody recorded is anybody's: its head died, or the history could not be written. */
const forgotten = 10_000;

/** Ends that are recorded at the same time. */
const most = 8;

/**
 * Writes down how jobs of the fleet ended, each once, whichever head it is: a job is forgotten only when its task's row says that it
 * ended.
 */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #waiting = new Set<TaskId>();
  #atWork = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** A worker is done with a job. */
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
