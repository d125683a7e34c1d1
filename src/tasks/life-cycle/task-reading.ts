import { isJsonObject, type JsonObject, parseJson } from "#/api/json.ts";
import type { Engine, EngineState } from "#/engine/engine.ts";
import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryRange, HistorySearch, HistoryStore, UsedName } from "#/stores/history.ts";
import { type Endings, timingsOf } from "./endings.ts";
import { stateOf } from "./engine-states.ts";
import type { EventLog } from "./event-log.ts";
import type { LiveEvent, TaskEvent } from "./events.ts";
import type { Readers } from "./readers.ts";
import type { TaskRunner } from "./runner.ts";
import type { Task } from "./task.ts";
import type { EngineHealth, Found, HistoryQuery, TaskReader, WaitingLine } from "./task-reader.ts";

/** Settled tasks that a reader who was away is shown from the history. */
const snapshots = 256;

/** What reading looks into. */
export type ReadingParts = Readonly<{
  runner: Pick<TaskRunner, "find" | "runningIds" | "taskOn" | "tasks">;
  endings: Pick<Endings, "find">;
  history: Pick<
    HistoryStore,
    | "find"
    | "making"
    | "page"
    | "range"
    | "countSettled"
    | "search"
    | "starredAmong"
    | "usedNames"
    | "indexSome"
  >;
  events: EventLog;
  readers: Readers;
  engines: readonly Engine[];
  log: Log;
}>;

/** Looking at tasks and watching them. */
export class TaskReading implements TaskReader {
  readonly #parts: ReadingParts;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
  }

  get seq(): number {
    return this.#parts.events.seq;
  }

  get queue(): WaitingLine {
    const { waiting: pending, paused } = this.#parts.runner.tasks;
    return { pending, paused };
  }

  find(id: TaskId): Task | undefined {
    return this.#unwritten(id) ?? this.#parts.history.find(id);
  }

  current(): Task | undefined {
    return this.running()[0];
  }

  running(): readonly Task[] {
    const { runner } = this.#parts;
    return runner.runningIds.flatMap((id) => runner.find(id) ?? []);
  }

  pending(): readonly Task[] {
    return this.#parts.runner.tasks.waitingTasks;
  }

  history(query: HistoryQuery): readonly Task[] {
    return this.#fresh(this.#parts.history.page({ ...query, without: this.#parts.runner.tasks.waiting }));
  }

  range(query: HistoryRange): readonly Task[] {
    const waiting = new Set(this.#parts.runner.tasks.waiting);
    return this.#fresh(this.#parts.history.range(query).filter(({ id }) => !waiting.has(id)));
  }

  async search(query: HistorySearch): Promise<Found> {
    const { history } = this.#parts;
    const isIndexed = [query.words, query.model, query.style].some((one) => one !== undefined);
    if (isIndexed) await this.#indexAll();
    // One more than is asked for says whether there is more.
    const rows = history.search({ ...query, limit: query.limit + 1 });
    const tasks = this.#fresh(rows.slice(0, query.limit));
    return {
      tasks,
      starred: history.starredAmong(tasks.map(({ id }) => id)),
      next: rows.length > query.limit ? tasks.at(-1)?.row : undefined,
    };
  }

  async usedNames(): Promise<readonly UsedName[]> {
    await this.#indexAll();
    return this.#parts.history.usedNames();
  }

  making(id: TaskId): JsonObject | undefined {
    const text = this.#parts.history.making(id);
    if (text === undefined) return undefined;
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  }

  async settled(id: TaskId, signal: AbortSignal): Promise<Task | undefined> {
    await this.#parts.readers.untilSettled(id, signal);
    return this.find(id);
  }

  async *watch(id: TaskId, signal: AbortSignal, since = 0): AsyncGenerator<LiveEvent, void, undefined> {
    for await (const event of this.#parts.readers.follow([id], signal, () => this.#missed([id], since))) {
      yield event;
      if (event.type === "settled") return;
    }
  }

  watchAll(signal: AbortSignal, since?: number): AsyncIterable<LiveEvent> {
    // From the moment of asking: iteration may begin later.
    const from = since ?? this.seq;
    return this.#parts.readers.follow("all", signal, () => this.#missed("all", from));
  }

  subscribe(listener: (event: LiveEvent) => void): () => void {
    const stop = this.#parts.events.subscribe((event) => {
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
    const { start, horizon } = this.#parts.events;
    const stale = since > 0 && since < start;
    const shown: TaskEvent[] = [];
    const kept: TaskEvent[] = [];
    for (const id of ids) {
      const events = this.#parts.events.of(id, since);
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

  countSettled(): number {
    return this.#parts.history.countSettled();
  }

  engines(): readonly EngineHealth[] {
    const { engines, runner } = this.#parts;
    return engines.map((engine) => ({
      name: engine.name,
      ...engine.state,
      task: runner.taskOn(engine) ?? null,
    }));
  }

  engineState(): EngineState {
    return stateOf(this.#parts.engines.map(({ state }) => state));
  }

  /** Some at a time: a long history must not hold up what is going on. */
  async #indexAll(): Promise<void> {
    try {
      while (this.#parts.history.indexSome()) await new Promise((resolve) => setImmediate(resolve));
    } catch (thrown) {
      // A full disk, or another program in the way: what is in the index is found all the same.
      this.#parts.log.warn("the newest tasks could not be taken into the index", { error: String(thrown) });
    }
  }

  /** Rows as they are now: the running task knows more than its row, an end may not be written yet. */
  #fresh(rows: readonly Task[]): readonly Task[] {
    return rows.map((row) => this.#unwritten(row.id) ?? row);
  }

  #missed(of: readonly TaskId[] | "all", since: number): readonly LiveEvent[] {
    return since < this.seq ? this.backlog(of, since) : [];
  }

  /** The tasks a reader away since `since` may have missed something of. */
  #idsSince(since: number): readonly TaskId[] {
    const known = new Set([...this.#parts.events.taskIds(), ...this.#parts.runner.tasks.ids]);
    if (since < this.#parts.events.horizon) {
      for (const { id } of this.#parts.history.page({ page: 0, pageSize: snapshots, without: [] }))
        known.add(id);
    }
    return [...known];
  }

  #snapshot(id: TaskId): readonly TaskEvent[] {
    const task = this.find(id);
    if (task === undefined) return [];
    const { state } = task;
    const shown = this.#parts.events.snapshot(id, { type: "snapshot", task });
    if (state.status !== "settled") return [shown];
    const { outcome: status, images, error } = state;
    const settled = this.#parts.events.snapshot(id, {
      type: "settled",
      status,
      result: images.map(({ url }) => url),
      error: error === null ? null : { code: error.code, message: error.message },
      warnings: task.warnings,
      timings: timingsOf(task.queuedAt, { ...state, outcome: status }),
    });
    return [shown, settled];
  }

  /** A task that knows more of itself than its row does. */
  #unwritten(id: TaskId): Task | undefined {
    return this.#parts.runner.find(id) ?? this.#parts.endings.find(id);
  }
}
