import { isJsonObject, type JsonObject, parseJson } from "#/api/json.ts";
import type { EngineState } from "#/engine/engine.ts";
import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryRange, HistorySearch, HistoryStore, UsedName } from "#/stores/history.ts";
import { type Endings, toldOf } from "./endings.ts";
import { stateOf } from "./engine-states.ts";
import type { EventLog } from "./event-log.ts";
import type { LiveEvent, TaskEvent } from "./events.ts";
import type { Readers } from "./readers.ts";
import type { Runner } from "./runner.ts";
import type { Task } from "./task.ts";
import type { EngineHealth, Found, HistoryQuery, TaskReader, WaitingLine } from "./task-reader.ts";

/** What is told of an engine is told of all as of one, which has no name. */
function withoutName(engine: EngineHealth): EngineState {
  const { name: _, task: __, ...state } = engine;
  return state;
}

/** Settled tasks that a reader who was away is shown from the history. */
const snapshots = 256;

/** What reading looks into. */
export type ReadingParts = Readonly<{
  runner: Pick<Runner, "find" | "tasks" | "runningIds" | "engines">;
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

  live(id: TaskId): Task | undefined {
    return this.#parts.runner.find(id);
  }

  async find(id: TaskId): Promise<Task | undefined> {
    return this.#unwritten(id) ?? (await this.#parts.history.find(id));
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

  history(query: HistoryQuery): Promise<readonly Task[]> {
    return this.#fresh(() =>
      this.#parts.history.page({ ...query, without: this.#parts.runner.tasks.waiting }),
    );
  }

  async range(query: HistoryRange): Promise<readonly Task[]> {
    const waited = new Set(this.#parts.runner.tasks.waiting);
    const tasks = await this.#fresh(() => this.#parts.history.range(query));
    const waiting = new Set([...waited, ...this.#parts.runner.tasks.waiting]);
    return tasks.filter(({ id }) => !waiting.has(id));
  }

  async search(query: HistorySearch): Promise<Found> {
    const { history } = this.#parts;
    const isIndexed = [query.words, query.model, query.style].some((one) => one !== undefined);
    if (isIndexed) await this.#indexAll();
    // One more than is asked for says whether there is more.
    const rows = await this.#fresh(() => history.search({ ...query, limit: query.limit + 1 }));
    const tasks = rows.slice(0, query.limit);
    return {
      tasks,
      starred: await history.starredAmong(tasks.map(({ id }) => id)),
      next: rows.length > query.limit ? tasks.at(-1)?.row : undefined,
    };
  }

  async usedNames(): Promise<readonly UsedName[]> {
    await this.#indexAll();
    return await this.#parts.history.usedNames();
  }

  async making(id: TaskId): Promise<JsonObject | undefined> {
    const text = await this.#parts.history.making(id);
    if (text === undefined) return undefined;
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  }

  async settled(id: TaskId, signal: AbortSignal): Promise<Task | undefined> {
    await this.#parts.readers.untilSettled(id, signal);
    return await this.find(id);
  }

  async *watch(id: TaskId, signal: AbortSignal, since = 0): AsyncGenerator<LiveEvent, void, undefined> {
    const { readers } = this.#parts;
    for await (const event of readers.follow([id], signal, (look) => this.#missed([id], since, look))) {
      yield event;
      if (event.type === "settled") return;
    }
  }

  watchAll(signal: AbortSignal, since?: number): AsyncIterable<LiveEvent> {
    // From the moment of asking: iteration may begin later.
    const from = since ?? this.seq;
    return this.#parts.readers.follow("all", signal, (look) => this.#missed("all", from, look));
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

  async backlog<T>(
    of: readonly TaskId[] | "all",
    since: number,
    look: (events: readonly LiveEvent[]) => T,
  ): Promise<T> {
    const rows = new Map<TaskId, Task | undefined>();
    if (of === "all" && since < this.#parts.events.horizon) await this.#readNewest(rows);
    for (;;) {
      const ids = of === "all" ? this.#idsSince(rows) : of;
      const lacking = ids.filter((id) => !rows.has(id) && this.#needsRow(id, since));
      // From here to the look nothing is waited for.
      if (lacking.length === 0) return look(this.#eventsOf(ids, since, rows));
      await Promise.all(lacking.map(async (id) => rows.set(id, await this.#parts.history.find(id))));
    }
  }

  countSettled(): Promise<number> {
    return this.#parts.history.countSettled();
  }

  engines(): readonly EngineHealth[] {
    return this.#parts.runner.engines();
  }

  engineState(): EngineState {
    return stateOf(this.engines().map(withoutName));
  }

  /** Some at a time: a long history must not hold up what is going on. */
  async #indexAll(): Promise<void> {
    try {
      while (await this.#parts.history.indexSome()) await new Promise((resolve) => setImmediate(resolve));
    } catch (thrown) {
      // A full disk, or another program in the way: what is in the index is found all the same.
      this.#parts.log.warn("the newest tasks could not be taken into the index", { error: String(thrown) });
    }
  }

  /**
   * Rows as they are now: the running task knows more than its row, an end may not be written yet. The row of one that ended
   * while the rows were read is read again.
   */
  async #fresh(read: () => Promise<readonly Task[]>): Promise<readonly Task[]> {
    const live = new Set(this.#parts.runner.tasks.ids);
    const tasks: Task[] = [];
    for (const row of await read()) {
      const isOld = row.state.status !== "settled" && live.has(row.id);
      const unwritten = this.#unwritten(row.id);
      const task = unwritten ?? (isOld ? await this.#parts.history.find(row.id) : row);
      if (task !== undefined) tasks.push(task);
    }
    return tasks;
  }

  #missed<T>(
    of: readonly TaskId[] | "all",
    since: number,
    look: (events: readonly LiveEvent[]) => T,
  ): Promise<T> {
    return since < this.seq ? this.backlog(of, since, look) : Promise.resolve(look([]));
  }

  /** The newest tasks of the history, but for those that have not ended: these know more than their rows. */
  async #readNewest(rows: Map<TaskId, Task | undefined>): Promise<void> {
    const live = new Set(this.#parts.runner.tasks.ids);
    for (const row of await this.#parts.history.page({ page: 0, pageSize: snapshots, without: [] }))
      if (!live.has(row.id)) rows.set(row.id, row);
  }

  /** The tasks a reader of all may have missed something of. */
  #idsSince(rows: ReadonlyMap<TaskId, unknown>): readonly TaskId[] {
    const { events, runner } = this.#parts;
    return [...new Set([...events.taskIds(), ...runner.tasks.ids, ...rows.keys()])];
  }

  /** Whether its row alone can tell what a reader missed of a task. */
  #needsRow(id: TaskId, since: number): boolean {
    return this.#needsSnapshot(id, since) && this.#unwritten(id) === undefined;
  }

  #needsSnapshot(id: TaskId, since: number): boolean {
    const { events } = this.#parts;
    return this.#isStale(since) || (!events.has(id) && (since === 0 || since < events.horizon));
  }

  /** Whether a number is from before this process. */
  #isStale(since: number): boolean {
    return since > 0 && since < this.#parts.events.start;
  }

  #eventsOf(
    ids: readonly TaskId[],
    since: number,
    rows: ReadonlyMap<TaskId, Task | undefined>,
  ): readonly LiveEvent[] {
    const { events } = this.#parts;
    const shown: TaskEvent[] = [];
    const kept: TaskEvent[] = [];
    for (const id of ids) {
      kept.push(...(events.of(id, since) ?? []));
      if (!this.#needsSnapshot(id, since)) continue;
      const snapshot = this.#snapshot(id, this.#unwritten(id) ?? rows.get(id));
      shown.push(...(events.has(id) ? snapshot.slice(0, 1) : snapshot));
    }
    // Snapshots have no number of their own. Until the last of them was read, its reader is where it was.
    const places = shown.map((event, i) =>
      kept.length === 0 && i === shown.length - 1 ? event : { ...event, seq: since },
    );
    return [...places, ...kept.toSorted((a, b) => a.seq - b.seq)];
  }

  #snapshot(id: TaskId, task: Task | undefined): readonly TaskEvent[] {
    if (task === undefined) return [];
    const { state } = task;
    const shown = this.#parts.events.snapshot(id, { type: "snapshot", task });
    if (state.status !== "settled") return [shown];
    return [shown, this.#parts.events.snapshot(id, { type: "settled", ...toldOf(task, state) })];
  }

  /** A task that knows more of itself than its row does. */
  #unwritten(id: TaskId): Task | undefined {
    return this.#parts.runner.find(id) ?? this.#parts.endings.find(id);
  }
}
