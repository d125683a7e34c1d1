import { clientSentence } from "#/lib/client-sentence.ts";
import type { WireError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Delivery, Settlement } from "#/stores/history.ts";
import { doorOf } from "../door.ts";
import type { EventLog } from "./event-log.ts";
import type { TaskTimings } from "./events.ts";
import type { HistoryWriter } from "./history-writer.ts";
import type { TaskParts } from "./parts.ts";
import type { Task, TaskImage } from "./task.ts";

/** How a task ended, but for the time. */
export type End = Omit<Settlement, "finishedAt">;

type Unwritten = Readonly<{ task: Task; settlement: Settlement; delivery: Delivery | undefined }>;

/**
 * The one place where tasks end. An end that cannot be written (a full disk) is told all the same, kept in memory and
 * written as soon as that works again.
 */
export class Endings {
  readonly #parts: TaskParts;
  readonly #events: EventLog;
  readonly #unwritten = new Map<TaskId, Unwritten>();
  readonly #writer: HistoryWriter;

  constructor(parts: TaskParts, events: EventLog, writer: HistoryWriter) {
    this.#parts = parts;
    this.#events = events;
    this.#writer = writer;
  }

  /** Ends a task: row, webhook, event; exactly once, whoever calls is the task's owner. */
  settle(task: Task, { error: failure, ...rest }: End): void {
    const { now, webhooks, doors, log } = this.#parts;
    // From here on, whoever reads of it is a client; the log alone is told where files lie.
    const error = failure === null ? null : { ...failure, message: clientSentence(failure) };
    const end = { ...rest, error };
    // A clock that was set back must not make a task end before it began.
    const settlement = { ...end, finishedAt: Math.max(now(), end.startedAt ?? task.queuedAt) };
    const settled: Task = { ...task, state: { status: "settled", ...settlement } };
    const delivery = webhooks.deliveryFor(task, () => doorOf(doors, task.door).webhookBody(settled));
    const ended = { task: settled, settlement, delivery };
    const seconds = (settlement.finishedAt - (end.startedAt ?? settlement.finishedAt)) / 1000;
    const facts = { task: task.id, outcome: end.outcome, images: end.images.length, seconds };
    if (failure === null) log.info("a task ended", facts);
    else log.error("a task failed", { ...facts, error: failure.message, stack: stackOf(failure) });
    this.#unwritten.set(task.id, ended);
    this.#writer.keep(task.id, () => this.#write(ended));
    this.#events.addTask(task.id, {
      type: "settled",
      status: end.outcome,
      result: end.images.map(({ url }) => url),
      error: end.error === null ? null : { code: end.error.code, message: end.error.message },
      warnings: task.warnings,
      timings: timingsOf(task.queuedAt, settlement),
    });
  }

  /** A task that ended and is not written down yet. */
  find(id: TaskId): Task | undefined {
    return this.#unwritten.get(id)?.task;
  }

  /** Drops what is not written of a task that was deleted. */
  forget(id: TaskId): void {
    this.#unwritten.delete(id);
    this.#writer.forget(id);
  }

  #write({ task, settlement, delivery }: Unwritten): void {
    this.#parts.history.settle(task.id, settlement, delivery);
    this.#unwritten.delete(task.id);
    if (delivery !== undefined) this.#parts.webhooks.add(delivery);
  }
}

/** Where a broken promise of ours was broken; other errors explain themselves. */
const stackOf = ({ code, details }: WireError): string | undefined =>
  code === "bug" && typeof details.stack === "string" ? details.stack : undefined;

/** Where the time of a settled task went, as its images measured it. */
export function timingsOf(queuedAt: number, { startedAt, finishedAt, images }: Settlement): TaskTimings {
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
