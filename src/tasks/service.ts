import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import { fromStored, toStored } from "#/api/stored.ts";
import type { Engine, EngineState } from "#/engine/engine.ts";
import type { TaskId } from "#/engine/protocol.ts";
import { EngineError, RequestError, toWireError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { HistoryPage, HistoryRange, HistoryStore, Settlement } from "#/stores/history.ts";
import { type ImageStore, keptImageOf } from "#/stores/images.ts";
import { EventLog } from "./event-log.ts";
import type { LiveEvent } from "./events.ts";
import { TaskQueue } from "./queue.ts";
import { TaskRun } from "./run.ts";
import type { Task } from "./task.ts";
import type { Webhooks } from "./webhook.ts";

export type TaskServiceParts = Readonly<{
  history: HistoryStore;
  images: ImageStore;
  engine: Engine;
  webhooks: Webhooks;
  log: Log;
  now: () => number;
  random: () => number;
  baseUrl: () => string;
  queueLimit: number;
  /** Takes in images, fills the request; throws RequestError. */
  settle: (request: GenerateRequest) => Promise<GenerateParams>;
  /** What to make, in the world as it is now; throws RequestError. */
  resolve: (params: GenerateParams) => Resolved;
  /** The text written into an image, if any is wanted. */
  describe: TaskRunDescribe;
  /** A task as its webhook's body. */
  recordText: (task: Task) => string;
}>;

export type TaskRunDescribe = (
  params: GenerateParams,
  resolved: Resolved,
  image: number,
  size: Readonly<{ width: number; height: number }>,
) => Promise<Readonly<{ parameters: string; scheme: string }> | undefined>;

export type SubmitOptions = Readonly<{ label?: string; webhookUrl?: string; single?: boolean }>;

/** What really happened to a control request. */
export type ControlOutcome =
  | "cancelled_pending"
  | "stopping"
  | "skipping"
  | "already_settled"
  | "unknown_task"
  | "nothing_running";

export type RemoveReport = Readonly<{ tasks: number; images: number }>;

/** Started this often and never finished: the next one would end the same way. */
const mostAttempts = 2;

/** Everything about tasks: taking them, watching them, steering them, and running them one after the other. */
export class TaskService {
  readonly #parts: TaskServiceParts;
  readonly #queue = new TaskQueue();
  readonly #live = new Map<TaskId, Task>();
  readonly #attempts = new Map<TaskId, number>();
  readonly events: EventLog;
  #current: TaskRun | undefined;
  #closing = false;
  #idle: Promise<void> = Promise.resolve();

  constructor(parts: TaskServiceParts) {
    this.#parts = parts;
    const { history } = parts;
    this.events = new EventLog(
      { load: () => history.counter("seq"), save: (value) => history.setCounter("seq", value) },
      parts.now,
    );
    parts.engine.subscribe((engine) => this.events.addServer({ type: "engine", engine }));
    this.#restore();
  }

  /**
   * Accepts a request: it is on disk when this returns, and cannot be lost from then on.
   *
   * @throws RequestError for what cannot be made, before anything is kept; EngineError `storage-failed`
   */
  async submit(request: GenerateRequest, options: SubmitOptions = {}): Promise<Task> {
    if (this.#closing)
      throw new EngineError("interrupted", "The server is shutting down; send the request again.");
    if (this.#queue.ids.length >= this.#parts.queueLimit) {
      const message = `${this.#parts.queueLimit} tasks are waiting already; try again when some are done.`;
      throw new RequestError("queue-full", message);
    }
    const params = await this.#parts.settle({
      ...request,
      ...(options.single === true ? { image_number: 1 } : {}),
    });
    this.#parts.resolve(params);
    const stored = toStored(params);
    const id = crypto.randomUUID().replaceAll("-", "") as TaskId;
    const fresh = {
      id,
      request: stored,
      webhookUrl: params.webhook_url ?? "",
      label: options.label ?? null,
      queuedAt: this.#parts.now(),
    };
    const row = this.#parts.history.insert(fresh);
    this.#queue.add(id);
    const task: Task = { ...fresh, row, state: { status: "pending", position: this.#queue.ids.length } };
    this.#live.set(id, task);
    this.#tellPosition(task);
    this.#next();
    return task;
  }

  find(id: TaskId): Task | undefined {
    return this.#fresh(this.#live.get(id)) ?? this.#parts.history.find(id);
  }

  current(): Task | undefined {
    return this.#current === undefined ? undefined : this.find(this.#current.id);
  }

  pending(): readonly Task[] {
    return this.#queue.ids.flatMap((id) => this.find(id) ?? []);
  }

  page(query: Omit<HistoryPage, "without">): readonly Task[] {
    return this.#parts.history.page({ ...query, without: this.#queue.ids });
  }

  range(query: HistoryRange): readonly Task[] {
    return this.#parts.history.range(query).filter(({ id }) => !this.#queue.ids.includes(id));
  }

  engineState(): EngineState {
    return this.#parts.engine.state;
  }

  /** The task once it is settled, or as it is when `signal` aborts. */
  async settled(id: TaskId, signal: AbortSignal): Promise<Task | undefined> {
    for await (const event of this.events.follow(this.events.seq, this.#whenUnsettled(id, signal))) {
      if (event.taskId === id && event.type === "settled") break;
    }
    return this.find(id);
  }

  /** A task's events after `since`, until it is settled or `signal` aborts. */
  async *watch(id: TaskId, signal: AbortSignal, since = 0): AsyncGenerator<LiveEvent, void, undefined> {
    const stop = this.#parts.engine.wantPreviews.bind(this.#parts.engine);
    stop(id, true);
    for await (const event of this.events.follow(since, signal)) {
      if (event.taskId !== id) continue;
      yield event;
      if (event.type === "settled") return;
    }
  }

  /** Stops, skips or cancels; a waiting task is cancelled whatever the word. */
  control(target: TaskId | "current", action: "stop" | "skip" | "cancel"): ControlOutcome {
    const id = target === "current" ? this.#current?.id : target;
    if (id === undefined) return "nothing_running";
    const task = this.find(id);
    if (task === undefined) return "unknown_task";
    if (this.#queue.remove(id)) {
      this.#settle(task, { outcome: "cancelled", startedAt: null, percent: 0, images: [], error: null });
      this.#tellQueue();
      return "cancelled_pending";
    }
    if (this.#current?.id !== id) return "already_settled";
    const word = action === "skip" ? "skip" : "stop";
    this.#parts.engine.control(id, word);
    return word === "skip" ? "skipping" : "stopping";
  }

  /** Deletes settled tasks with their images; a waiting one is cancelled first, a running one stays. */
  async remove(tasks: readonly Task[]): Promise<RemoveReport> {
    const gone: Task[] = [];
    for (const { id } of tasks) {
      if (this.#queue.ids.includes(id)) this.control(id, "cancel");
      const task = this.find(id);
      if (task?.state.status === "settled" || (task !== undefined && !this.#live.has(id))) gone.push(task);
    }
    const images = gone.flatMap(({ state }) => (state.status === "settled" ? state.images : []));
    const kept = images.flatMap(({ url }) => keptImageOf(url) ?? []);
    this.#parts.history.remove(gone.map(({ id }) => id));
    return { tasks: gone.length, images: await this.#parts.images.remove(kept) };
  }

  get paused(): boolean {
    return this.#queue.paused;
  }

  pause(paused: boolean): void {
    this.#queue.paused = paused;
    this.#tellQueue();
    this.#next();
  }

  move(id: TaskId, before: TaskId | null): boolean {
    const moved = this.#queue.move(id, before);
    if (moved) this.#tellQueue();
    return moved;
  }

  /**
   * Takes nothing more and waits for the task at hand; after `milliseconds` it goes back to the queue's front, to be
   * run by the next start without counting as a crash.
   */
  async close(milliseconds: number): Promise<void> {
    this.#closing = true;
    const running = this.#current;
    if (running !== undefined) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, milliseconds);
      });
      await Promise.race([this.#idle, late]);
      clearTimeout(timer);
      if (this.#current === running) {
        running.abandon();
        this.#parts.history.started(running.id, (this.#attempts.get(running.id) ?? 1) - 1);
      }
    }
    this.events.close();
  }

  /** Puts what the last process left unfinished back into the queue, in its order. */
  #restore(): void {
    for (const row of this.#parts.history.unfinished()) {
      const task: Task = { ...row, state: { status: "pending", position: 0 } };
      if (row.attempt >= mostAttempts) {
        const message = `The server died ${row.attempt} times while it made this; it is not tried again.`;
        const error = toWireError(new EngineError("interrupted", message));
        this.#settle(task, { outcome: "failed", startedAt: null, percent: 0, images: row.images, error });
        continue;
      }
      this.#attempts.set(row.id, row.attempt);
      this.#live.set(row.id, task);
      this.#queue.add(row.id);
    }
    this.#next();
  }

  #next(): void {
    if (this.#closing || this.#current !== undefined) return;
    const id = this.#queue.take();
    const task = id === undefined ? undefined : this.#live.get(id);
    if (task === undefined) return;
    this.#idle = this.#runTask(task).finally(() => {
      this.#current = undefined;
      this.#next();
    });
    this.#tellQueue();
  }

  async #runTask(task: Task): Promise<void> {
    const attempt = (this.#attempts.get(task.id) ?? 0) + 1;
    this.#attempts.set(task.id, attempt);
    const run = new TaskRun(task, this.#parts, {
      update: (state) => this.#live.set(task.id, { ...task, state }),
      tell: (happening) => this.events.addTask(task.id, happening),
    });
    this.#current = run;
    const startedAt = this.#parts.now();
    try {
      this.#parts.history.started(task.id, attempt);
      this.events.addTask(task.id, { type: "started", attempt });
      const params = fromStored(task.request);
      const end = await run.make(params, this.#parts.resolve(params), startedAt, attempt);
      if (end !== undefined) this.#settle(task, { ...end, startedAt });
    } catch (thrown) {
      this.#parts.log.error("a task failed", { task: task.id, error: String(thrown) });
      this.#settle(task, { ...run.failed(thrown), startedAt });
    }
  }

  /** The one place where a task ends. */
  #settle(task: Task, end: Omit<Settlement, "finishedAt">): void {
    const settlement = { ...end, finishedAt: this.#parts.now() };
    const settled: Task = { ...task, state: { status: "settled", ...settlement } };
    const { webhooks, history, recordText, log } = this.#parts;
    try {
      history.settle(
        task.id,
        settlement,
        webhooks.deliveryFor(task, () => recordText(settled)),
      );
    } catch (thrown) {
      // Nothing more can be kept now; the row is still unfinished, so the next start runs the task again.
      log.error("the end of a task could not be kept", { task: task.id, error: String(thrown) });
    }
    this.#live.delete(task.id);
    this.#attempts.delete(task.id);
    this.events.addTask(task.id, {
      type: "settled",
      status: end.outcome,
      result: end.images.map(({ url }) => url),
      error: end.error === null ? null : { code: end.error.code, message: end.error.message },
      timings: timingsOf(task, settlement),
    });
    webhooks.wake();
  }

  /** A waiting task with its place as it is now. */
  #fresh(task: Task | undefined): Task | undefined {
    if (task?.state.status !== "pending") return task;
    return { ...task, state: { status: "pending", position: this.#queue.ids.indexOf(task.id) + 1 } };
  }

  #whenUnsettled(id: TaskId, signal: AbortSignal): AbortSignal {
    return this.#live.has(id) ? signal : AbortSignal.abort();
  }

  #tellPosition({ id, label }: Task): void {
    const at = this.#queue.ids.indexOf(id);
    if (at >= 0)
      this.events.addTask(id, {
        type: "queued",
        position: at + 1,
        ahead: at + (this.#current ? 1 : 0),
        label,
      });
  }

  #tellQueue(): void {
    for (const task of this.pending()) this.#tellPosition(task);
    this.events.addServer({ type: "queue", pending: [...this.#queue.ids], paused: this.#queue.paused });
  }
}

function timingsOf(
  { queuedAt }: Task,
  { startedAt, finishedAt, images }: Settlement,
): Record<string, number> {
  const sum = (part: "loading" | "encoding" | "denoising" | "decoding"): number =>
    images.reduce((total, { timings }) => total + (timings?.[part] ?? 0), 0);
  return {
    queued_ms: (startedAt ?? finishedAt) - queuedAt,
    loading_ms: sum("loading"),
    encoding_ms: sum("encoding"),
    denoising_ms: sum("denoising"),
    decoding_ms: sum("decoding"),
  };
}
