import type { GenerateRequest } from "#/api/generate.ts";
import { toStored } from "#/api/stored.ts";
import type { EngineState } from "#/engine/engine.ts";
import { EngineError, RequestError } from "#/lib/errors.ts";
import { newTaskId, type TaskId } from "#/lib/task-id.ts";
import type { HistoryRange } from "#/stores/history.ts";
import { keptImageOf } from "#/stores/images.ts";
import { doorOf } from "../door.ts";
import { Endings, timingsOf } from "./endings.ts";
import { EventLog } from "./event-log.ts";
import type { LiveEvent, TaskEvent } from "./events.ts";
import { HistoryWriter } from "./history-writer.ts";
import type { TaskParts } from "./parts.ts";
import { Readers } from "./readers.ts";
import { TaskRunner } from "./runner.ts";
import type { Task } from "./task.ts";
import type {
  ControlOutcome,
  HistoryQuery,
  RemoveReport,
  SubmitOptions,
  Tasks,
  WaitingLine,
} from "./tasks.ts";

/** Settled tasks that a reader who was away is shown from the history. */
const snapshots = 256;

/** Everything about tasks: taking them, watching them, steering them. The runner runs them. */
export class TaskService implements Tasks {
  readonly #parts: TaskParts;
  readonly #events: EventLog;
  readonly #endings: Endings;
  readonly #runner: TaskRunner;
  readonly #writer: HistoryWriter;
  readonly #readers: Readers;

  /** Takes up what the last process left, at once. */
  constructor(parts: TaskParts) {
    this.#parts = parts;
    const { history } = parts;
    const sequence = {
      load: () => history.counter("seq"),
      save: (value: number) => history.setCounter("seq", value),
    };
    this.#events = new EventLog(sequence, parts.now);
    this.#writer = new HistoryWriter(parts.log);
    this.#endings = new Endings(parts, this.#events, this.#writer);
    this.#runner = new TaskRunner(parts, this.#events, this.#endings, this.#writer);
    this.#readers = new Readers(this.#events, this.#runner);
    parts.engine.subscribe((engine) => this.#events.addServer({ type: "engine", engine }));
    this.#runner.restore();
    parts.webhooks.wake();
  }

  get seq(): number {
    return this.#events.seq;
  }

  get queue(): WaitingLine {
    return { pending: this.#runner.waiting, paused: this.#runner.paused };
  }

  async submit(request: GenerateRequest, options: SubmitOptions = {}): Promise<Task> {
    this.#checkOpen();
    const { doors, prepare } = this.#parts;
    const door = options.door ?? { name: doors[0].name, word: "" };
    const { params, warnings } = await prepare(
      options.single === true ? { ...request, image_number: 1 } : request,
      doorOf(doors, door),
    );
    const fresh = {
      id: newTaskId(),
      request: toStored(params),
      webhookUrl: params.webhook_url ?? "",
      label: options.label ?? null,
      door,
      warnings,
      queuedAt: this.#parts.now(),
    };
    const task = await this.#writer.now((): Task => {
      // Others may have come in while this one's images were fetched, or while another program locked the history.
      this.#checkOpen();
      const row = this.#parts.history.insert(fresh);
      const accepted: Task = { ...fresh, row, state: { status: "pending", position: 0 } };
      this.#runner.add(accepted);
      return accepted;
    });
    return this.find(task.id) ?? task;
  }

  find(id: TaskId): Task | undefined {
    return this.#runner.find(id) ?? this.#endings.find(id) ?? this.#parts.history.find(id);
  }

  current(): Task | undefined {
    const id = this.#runner.currentId;
    return id === undefined ? undefined : this.#runner.find(id);
  }

  pending(): readonly Task[] {
    return this.#runner.waitingTasks;
  }

  history(query: HistoryQuery): readonly Task[] {
    return this.#fresh(this.#parts.history.page({ ...query, without: this.#runner.waiting }));
  }

  range(query: HistoryRange): readonly Task[] {
    const waiting = new Set(this.#runner.waiting);
    return this.#fresh(this.#parts.history.range(query).filter(({ id }) => !waiting.has(id)));
  }

  async settled(id: TaskId, signal: AbortSignal): Promise<Task | undefined> {
    await this.#readers.untilSettled(id, signal);
    return this.find(id);
  }

  async *watch(id: TaskId, signal: AbortSignal, since = 0): AsyncGenerator<LiveEvent, void, undefined> {
    for await (const event of this.#readers.follow([id], signal, () => this.#missed([id], since))) {
      yield event;
      if (event.type === "settled") return;
    }
  }

  watchAll(signal: AbortSignal, since?: number): AsyncIterable<LiveEvent> {
    // From the moment of asking: iteration may begin later.
    const from = since ?? this.seq;
    return this.#readers.follow("all", signal, () => this.#missed("all", from));
  }

  subscribe(listener: (event: LiveEvent) => void): () => void {
    const stop = this.#events.subscribe((event) => {
      try {
        listener(event);
      } catch (thrown) {
        // A reader that breaks must not break the task it reads of.
        this.#parts.log.error("a reader of events failed and hears no more", { error: String(thrown) });
        stop();
      }
    });
    return stop;
  }

  backlog(of: readonly TaskId[] | "all", since: number): readonly LiveEvent[] {
    const ids = of === "all" ? this.#idsSince(since) : of;
    const { start, horizon } = this.#events;
    const stale = since > 0 && since < start;
    const shown: TaskEvent[] = [];
    const kept: TaskEvent[] = [];
    for (const id of ids) {
      const events = this.#events.of(id, since);
      kept.push(...(events ?? []));
      if (events === undefined && (since === 0 || since < horizon)) shown.push(...this.#snapshot(id));
      else if (stale) shown.push(...this.#snapshot(id).slice(0, 1));
    }
    // Snapshots have no number of their own. Until the last of them was read, its reader is where it was.
    const places = shown.map((event, i) =>
      kept.length === 0 && i === shown.length - 1 ? event : { ...event, seq: since },
    );
    return [...places, ...kept.toSorted((a, b) => a.seq - b.seq)];
  }

  control(target: TaskId | "current", action: "stop" | "skip" | "cancel"): ControlOutcome {
    const id = target === "current" ? this.#runner.currentId : target;
    if (id === undefined) return "nothing_running";
    if (this.#runner.cancel(id)) return "cancelled_pending";
    const word = action === "skip" ? "skip" : "stop";
    if (this.#runner.interrupt(id, word)) return word === "skip" ? "skipping" : "stopping";
    return this.find(id) === undefined ? "unknown_task" : "already_settled";
  }

  async remove(id: TaskId): Promise<RemoveReport | undefined> {
    if (this.find(id) === undefined) return undefined;
    if (this.control(id, "stop") === "stopping") await this.settled(id, this.#readers.over);
    const task = this.find(id);
    return task === undefined ? undefined : await this.#removeEnded([task]);
  }

  async removeRange(query: HistoryRange): Promise<RemoveReport> {
    return await this.#removeEnded(this.range(query));
  }

  pause(paused: boolean): void {
    this.#runner.pause(paused);
  }

  move(id: TaskId, before: TaskId | null): boolean {
    return this.#runner.move(id, before);
  }

  countSettled(): number {
    return this.#parts.history.countSettled();
  }

  unloadModels(): void {
    this.#parts.engine.unload();
  }

  engineState(): EngineState {
    return this.#parts.engine.state;
  }

  async close(milliseconds: number): Promise<void> {
    const idle = this.#runner.close(milliseconds);
    this.#readers.beginClosing();
    await idle;
    this.#readers.close();
    await this.#writer.close();
    await this.#parts.webhooks.close();
    this.#events.close();
  }

  #checkOpen(): void {
    if (this.#runner.closing)
      throw new EngineError("interrupted", "The server is shutting down; send the request again.");
    const { queueLimit } = this.#parts;
    if (this.#runner.waiting.length < queueLimit) return;
    const message = `${queueLimit} tasks are waiting already; try again when some are done.`;
    throw new RequestError("queue-full", message, { limit: queueLimit });
  }

  /** Rows as they are now: the running task knows more than its row, an end may not be written yet. */
  #fresh(rows: readonly Task[]): readonly Task[] {
    return rows.map((row) => this.#runner.find(row.id) ?? this.#endings.find(row.id) ?? row);
  }

  #missed(of: readonly TaskId[] | "all", since: number): readonly LiveEvent[] {
    return since < this.seq ? this.backlog(of, since) : [];
  }

  /** The tasks a reader away since `since` may have missed something of. */
  #idsSince(since: number): readonly TaskId[] {
    const known = new Set([...this.#events.taskIds(), ...this.#runner.liveIds]);
    if (since < this.#events.horizon) {
      for (const { id } of this.#parts.history.page({ page: 0, pageSize: snapshots, without: [] }))
        known.add(id);
    }
    return [...known];
  }

  #snapshot(id: TaskId): readonly TaskEvent[] {
    const task = this.find(id);
    if (task === undefined) return [];
    const { state } = task;
    const shown = this.#events.snapshot(id, { type: "snapshot", task });
    if (state.status !== "settled") return [shown];
    const { outcome: status, images, error } = state;
    const settled = this.#events.snapshot(id, {
      type: "settled",
      status,
      result: images.map(({ url }) => url),
      error: error === null ? null : { code: error.code, message: error.message },
      warnings: task.warnings,
      timings: timingsOf(task.queuedAt, { ...state, outcome: status }),
    });
    return [shown, settled];
  }

  async #removeEnded(tasks: readonly Task[]): Promise<RemoveReport> {
    const gone = tasks.filter(({ id }) => this.#runner.find(id) === undefined);
    const images = gone.flatMap(({ state }) => (state.status === "settled" ? state.images : []));
    const kept = images.flatMap(({ url }) => keptImageOf(url) ?? []);
    await this.#writer.now(() => this.#parts.history.remove(gone.map(({ id }) => id)));
    for (const { id } of gone) {
      this.#endings.forget(id);
      this.#events.forget(id);
    }
    return { tasks: gone.length, images: await this.#parts.images.remove(kept) };
  }
}
