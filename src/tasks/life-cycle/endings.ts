import { clientSentence } from "#/lib/client-sentence.ts";
import type { WireError } from "#/lib/errors.ts";
import type { Log, LogFacts } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Delivery, HistoryStore, Settlement } from "#/stores/history.ts";
import { type Doors, doorOf } from "./door.ts";
import type { EventLog } from "./event-log.ts";
import type { TaskHappening, TaskTimings } from "./events.ts";
import type { HistoryWriter } from "./history-writer.ts";
import type { Task, TaskImage } from "./task.ts";

/** How a task ended, but for the time. */
export type End = Omit<Settlement, "finishedAt">;

/** Who tells the world that a task ended. */
export type Announcer = Readonly<{
  /** What is to be told of this end, to be written down with it; nothing if nobody wants to hear it. */
  deliveryFor: (task: Task, record: () => string) => Delivery | undefined;
  /** Tells what has just been written down. */
  add: (delivery: Delivery) => void;
}>;

/** What endings are made of. */
export type EndingParts = Readonly<{
  history: Pick<HistoryStore, "settle">;
  announcer: Announcer;
  /** The APIs by which tasks come in. */
  doors: Doors;
  log: Log;
  /** Milliseconds since 1970. */
  now: () => number;
}>;

type Unwritten = Readonly<{ task: Task; settlement: Settlement; delivery: Delivery | undefined }>;

/**
 * The one place where tasks end. An end is written, and then told: who hears of it finds it in the history. One that cannot be
 * written (a full disk) is told all the same, kept in memory and written as soon as that works again.
 */
export class Endings {
  readonly #parts: EndingParts;
  readonly #events: EventLog;
  readonly #unwritten = new Map<TaskId, Unwritten>();
  /** Ends that are about to be told. */
  readonly #untold = new Map<TaskId, Promise<void>>();
  readonly #writer: HistoryWriter;

  constructor(parts: EndingParts, events: EventLog, writer: HistoryWriter) {
    this.#parts = parts;
    this.#events = events;
    this.#writer = writer;
  }

  /**
   * Ends a task: row, webhook, event; exactly once, whoever calls is the task's owner. From the moment of the call on {@link find}
   * has it, until its row is written.
   *
   * @returns when it was told; never rejected
   */
  async settle(task: Task, { error: failure, ...rest }: End): Promise<void> {
    const { now, announcer, doors, log } = this.#parts;
    // From here on, whoever reads of it is a client; the log alone is told where files lie.
    const error = failure === null ? null : { ...failure, message: clientSentence(failure) };
    const end = { ...rest, error };
    // A clock that was set back must not make a task end before it began.
    const settlement = { ...end, finishedAt: Math.max(now(), end.startedAt ?? task.queuedAt) };
    const settled: Task = { ...task, state: { status: "settled", ...settlement } };
    const delivery = announcer.deliveryFor(task, () => doorOf(doors, task.door).webhookBody(settled));
    const ended = { task: settled, settlement, delivery };
    const facts = factsOf(task, settlement);
    if (failure === null) log.info("a task ended", facts);
    else log.error("a task failed", { ...facts, error: failure.message, stack: stackOf(failure) });
    this.#unwritten.set(task.id, ended);
    const told = this.#writer
      .keep(task.id, () => this.#write(ended))
      .then(() => {
        this.#untold.delete(task.id);
        this.#events.addTask(task.id, { type: "settled", ...toldOf(task, settlement) });
      });
    this.#untold.set(task.id, told);
    await told;
  }

  /** A task that ended and is not written down yet. */
  find(id: TaskId): Task | undefined {
    return this.#unwritten.get(id)?.task;
  }

  /** Whether a task has ended, and nobody was told yet. */
  isUntold(id: TaskId): boolean {
    return this.#untold.has(id);
  }

  /** Waits until the ends of these tasks were told, as far as they have ended. */
  async told(ids: readonly TaskId[]): Promise<void> {
    for (const id of ids) await this.#untold.get(id);
  }

  /** Drops what is not written of a task that was deleted. */
  forget(id: TaskId): void {
    this.#unwritten.delete(id);
    this.#writer.forget(id);
  }

  async #write({ task, settlement, delivery }: Unwritten): Promise<void> {
    await this.#parts.history.settle(task.id, settlement, delivery);
    this.#unwritten.delete(task.id);
    if (delivery !== undefined) this.#parts.announcer.add(delivery);
  }
}

/** What the log is told of a task that ended; stages that took no time are not named. */
function factsOf({ id, requestId, door, queuedAt }: Task, settlement: Settlement): LogFacts {
  const { outcome, images, startedAt, finishedAt } = settlement;
  const { queued_ms, ...stages } = timingsOf(queuedAt, settlement);
  return {
    task: id,
    request: requestId,
    door: door.name,
    outcome,
    images: images.length,
    waited_ms: queued_ms,
    ran_ms: startedAt === null ? 0 : finishedAt - startedAt,
    ...Object.fromEntries(Object.entries(stages).filter(([, milliseconds]) => milliseconds > 0)),
  };
}

/** Where a broken promise of ours was broken; other errors explain themselves. */
const stackOf = ({ code, details }: WireError): string | undefined =>
  code === "bug" && typeof details.stack === "string" ? details.stack : undefined;

/** What an event tells of an end. */
export function toldOf(
  { queuedAt, door, warnings }: Task,
  settlement: Settlement,
): Omit<Extract<TaskHappening, { type: "settled" }>, "type"> {
  const { outcome: status, images, error, startedAt, finishedAt } = settlement;
  return {
    status,
    result: images.map(({ url }) => url),
    error: error === null ? null : { code: error.code, message: error.message },
    warnings,
    timings: timingsOf(queuedAt, settlement),
    door: door.name,
    ranMs: startedAt === null ? null : finishedAt - startedAt,
  };
}

/** Where the time of a settled task went, as its images measured it. */
function timingsOf(queuedAt: number, { startedAt, finishedAt, images }: Settlement): TaskTimings {
  const sum = (part: keyof NonNullable<TaskImage["timings"]>): number =>
    Math.round(images.reduce((total, { timings }) => total + (timings?.[part] ?? 0), 0));
  return {
    queued_ms: Math.max(0, (startedAt ?? finishedAt) - queuedAt),
    loading_ms: sum("loading"),
    encoding_ms: sum("encoding"),
    denoising_ms: sum("denoising"),
    decoding_ms: sum("decoding"),
    saving_ms: sum("saving"),
  };
}
