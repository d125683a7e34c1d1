import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import type { PostedRecipe } from "#/api/recipe-document.ts";
import { keptInputs, toStored } from "#/api/stored.ts";
import { EngineError, RequestError } from "#/lib/errors.ts";
import { newTaskId, type TaskId } from "#/lib/task-id.ts";
import { Turns } from "#/lib/turns.ts";
import { isKeyTaken } from "#/stores/history/failures.ts";
import type { HistoryRange, HistoryStore, RequestKey } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import { type Door, type Doors, doorOf } from "./door.ts";
import type { EventLog } from "./event-log.ts";
import type { HistoryWriter } from "./history-writer.ts";
import type { Readers } from "./readers.ts";
import type { TaskRemoval } from "./removal.ts";
import type { Runner } from "./runner.ts";
import type { Task } from "./task.ts";
import type { TaskReader } from "./task-reader.ts";
import type {
  ControlOutcome,
  RemoveOptions,
  RemoveReport,
  SubmitOptions,
  Submitted,
  TaskWriter,
} from "./task-writer.ts";

/** A request that was taken: filled, what its client must be told of the picture it will get, and its recipe to keep. */
type Taken = Readonly<{ params: GenerateParams; warnings: readonly string[]; recipe: string }>;

type Submission = SubmitOptions & Readonly<{ key: RequestKey | undefined; again: boolean }>;

/** How often a request is taken whose pictures are deleted before its row is written. */
const mostTakes = 3;

/** What writing works with. */
export type WritingParts = Readonly<{
  reader: Pick<TaskReader, "find" | "range" | "settled">;
  runner: Runner;
  removal: Pick<TaskRemoval, "remove">;
  /** Ends what is deleted from time to time. */
  endKeeping: () => Promise<void>;
  history: Pick<HistoryStore, "insert" | "keyed" | "star">;
  events: Pick<EventLog, "close" | "addServer">;
  readers: Pick<Readers, "over" | "beginClosing" | "close">;
  writer: Pick<HistoryWriter, "now" | "close">;
  images: Pick<ImageStore, "withInputs">;
  /** Most tasks that may wait. */
  queueLimit: number;
  /** How long the key of a request is known after its task has ended, milliseconds. */
  keyLife: number;
  /** Milliseconds since 1970. */
  now: () => number;
  /** The APIs by which tasks come in. */
  doors: Doors;
  /** Checks a request that came in by a door, takes in its images and fills it; throws RequestError. */
  take: (request: GenerateRequest, door: Door, recipe?: PostedRecipe) => Promise<Taken>;
  /** Ends the telling of ends. */
  closeDelivery: () => Promise<void>;
}>;

/** Taking tasks, steering them and taking them away; the runner runs them. */
export class TaskWriting implements TaskWriter {
  readonly #parts: WritingParts;
  readonly #turns = new Turns();

  constructor(parts: WritingParts) {
    this.#parts = parts;
  }

  async submitOnce(
    request: GenerateRequest,
    key: RequestKey | undefined,
    options: SubmitOptions = {},
  ): Promise<Submitted> {
    if (key === undefined) return { task: await this.submit(request, options), isReplay: false };
    return await this.#turns.take(key.key, async () => {
      const earlier = await this.#earlier(key);
      if (earlier !== undefined) return { task: earlier, isReplay: true };
      try {
        return { task: await this.submit(request, options, key), isReplay: false };
      } catch (thrown) {
        // It came to another server of the same history, while this one looked at the request.
        const other = isKeyTaken(thrown) ? await this.#earlier(key) : undefined;
        if (other === undefined) throw thrown;
        return { task: other, isReplay: true };
      }
    });
  }

  /** @param key its client's own, which nothing was asked for under */
  async submit(request: GenerateRequest, options: SubmitOptions = {}, key?: RequestKey): Promise<Task> {
    for (let takes = 1; ; takes += 1) {
      const task = await this.#submitted(request, { ...options, key, again: takes < mostTakes });
      if (task !== undefined) return (await this.#parts.reader.find(task.id)) ?? task;
    }
  }

  /** @returns nothing if a picture of it was deleted meanwhile, with another task that named it: it is to be taken again */
  async #submitted(
    request: GenerateRequest,
    { key, again, ...options }: Submission,
  ): Promise<Task | undefined> {
    this.#checkOpen();
    const { doors, take, images, runner } = this.#parts;
    const door = options.door ?? { name: doors[0].name, word: "" };
    const { params, warnings, recipe } = await take(
      options.single === true ? { ...request, image_number: 1 } : request,
      doorOf(doors, door),
      options.recipe,
    );
    const fresh = {
      id: newTaskId(),
      request: toStored(params),
      webhookUrl: params.webhook_url ?? "",
      label: options.label ?? null,
      door,
      warnings: [...(options.warnings ?? []), ...warnings, ...(runner.accept?.(recipe) ?? [])],
      queuedAt: this.#parts.now(),
    };
    const insert = async (): Promise<Task> => {
      // Others may have come in while this one's images were fetched, or while another program locked the history.
      this.#checkOpen();
      const kept = key === undefined ? undefined : { ...key, forgetBefore: this.#forgetBefore() };
      const row = await this.#parts.history.insert(fresh, recipe, kept);
      const state = { status: "pending", position: 0 } as const;
      const { requestId } = options;
      const accepted: Task = { ...fresh, row, state, ...(requestId === undefined ? {} : { requestId }) };
      this.#parts.runner.add(accepted);
      return accepted;
    };
    const written = (): Promise<Task> => this.#parts.writer.now(insert);
    return again ? await images.withInputs(keptInputs(fresh.request), written) : await written();
  }

  /** The task of an earlier request under a key, as its client was told of it. */
  async #earlier({ key, fingerprint }: RequestKey): Promise<Task | undefined> {
    const { history, writer, reader } = this.#parts;
    const kept = await writer.now(() => history.keyed(key, this.#forgetBefore()));
    if (kept === undefined) return undefined;
    if (kept.fingerprint !== fingerprint) {
      const message =
        "Something else was asked for under this Idempotency-Key before; another request needs a key of its own.";
      throw new RequestError("reused-key", message, { value: key });
    }
    const task = await reader.find(kept.taskId);
    if (task !== undefined) return { ...task, warnings: kept.warnings };
    const message = `The task ${kept.taskId} that was made under this Idempotency-Key was deleted; another key makes another task.`;
    throw new RequestError("gone", message);
  }

  #forgetBefore(): number {
    return this.#parts.now() - this.#parts.keyLife;
  }

  async control(target: TaskId | "current", action: "stop" | "skip" | "cancel"): Promise<ControlOutcome> {
    const { runner, reader } = this.#parts;
    const id = target === "current" ? runner.runningIds[0] : target;
    if (id === undefined) return "nothing_running";
    const word = action === "skip" ? "skip" : "stop";
    const asked = await runner.control(id, word);
    if (asked === "cancelled") return "cancelled_pending";
    if (asked === "asked") return word === "skip" ? "skipping" : "stopping";
    return (await reader.find(id)) === undefined ? "unknown_task" : "already_settled";
  }

  async remove(
    id: TaskId,
    { stop = false, keepInputs = false }: RemoveOptions & Readonly<{ stop?: boolean }> = {},
  ): Promise<RemoveReport | undefined> {
    const { reader, runner, readers, removal } = this.#parts;
    if ((await reader.find(id)) === undefined) return undefined;
    // A row that another program left unfinished is nobody's any more, though it reads as waiting.
    const live = runner.find(id)?.state.status;
    if (!stop && (live === "pending" || live === "running")) throw notEnded(id, live);
    if ((await this.control(id, "stop")) === "stopping") await reader.settled(id, readers.over);
    const task = await reader.find(id);
    return task === undefined ? undefined : await removal.remove([task], { inputs: !keepInputs });
  }

  async removeRange(query: HistoryRange, { keepInputs = false }: RemoveOptions = {}): Promise<RemoveReport> {
    return await this.#parts.removal.remove(await this.#parts.reader.range(query), { inputs: !keepInputs });
  }

  async star(id: TaskId, starred: boolean): Promise<boolean> {
    if ((await this.#parts.reader.find(id)) === undefined) return false;
    await this.#parts.writer.now(() => this.#parts.history.star(id, starred));
    this.#parts.events.addServer({ type: "starred", tasks: [id], starred });
    return true;
  }

  cancelWaiting(): Promise<number> {
    return this.#parts.runner.cancelWaiting();
  }

  pause(paused: boolean): Promise<void> {
    return this.#parts.runner.pause(paused);
  }

  move(id: TaskId, before: TaskId | null): Promise<boolean> {
    return this.#parts.runner.move(id, before);
  }

  unloadModels(): Promise<void> {
    return this.#parts.runner.unloadModels();
  }

  async close(milliseconds: number): Promise<void> {
    const { runner, readers, writer, closeDelivery, events, endKeeping } = this.#parts;
    const idle = runner.close(milliseconds);
    readers.beginClosing();
    await Promise.all([idle, endKeeping()]);
    readers.close();
    await writer.close();
    await closeDelivery();
    await events.close();
  }

  #checkOpen(): void {
    if (this.#parts.runner.closing)
      throw new EngineError("interrupted", "The server is shutting down; send the request again.");
    const { queueLimit } = this.#parts;
    if (this.#parts.runner.tasks.waiting.length < queueLimit) return;
    const waiting = queueLimit === 1 ? "1 task is" : `${queueLimit} tasks are`;
    const message = `${waiting} waiting already; try again when some are done.`;
    throw new RequestError("queue-full", message, { limit: queueLimit });
  }
}

const notEnded = (id: TaskId, status: "pending" | "running"): RequestError =>
  new RequestError(
    "conflict",
    `Task ${id} ${status === "running" ? "is running" : "is waiting"}, and only what has ended is deleted. POST /tasks/${id}/cancel ends it; DELETE /tasks/${id}?stop=true ends and deletes it.`,
  );
