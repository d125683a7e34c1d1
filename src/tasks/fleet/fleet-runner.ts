import type { Fleet } from "#/fleet/fleet.ts";
import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryStore } from "#/stores/history.ts";
import { type Endings, toldOf } from "../life-cycle/endings.ts";
import type { HistoryWriter } from "../life-cycle/history-writer.ts";
import type { Asked, OpenTasks, Runner } from "../life-cycle/runner.ts";
import type { Task } from "../life-cycle/task.ts";
import type { EngineHealth } from "../life-cycle/task-reader.ts";
import { cancelled, waitingAgain } from "../life-cycle/unfinished.ts";
import type { FleetEvents } from "./fleet-events.ts";
import type { FleetMembers } from "./fleet-members.ts";
import type { FleetQuestions } from "./fleet-questions.ts";
import type { FleetTasks } from "./fleet-tasks.ts";
import type { HouseKeeping } from "./house-keeping.ts";
import { type JobParts, needsOf } from "./job-of.ts";
import type { LineNews } from "./line-news.ts";
import type { LogFollower } from "./log-follower.ts";
import { noWorkerWith } from "./no-worker.ts";
import type { Poster } from "./poster.ts";
import type { Recorder } from "./recorder.ts";

/** What a fleet's runner works with. */
export type FleetRunnerParts = Pick<JobParts, "path" | "bytes"> &
  Readonly<{
    fleet: Fleet;
    tasks: FleetTasks;
    events: FleetEvents;
    members: FleetMembers;
    questions: Pick<FleetQuestions, "close">;
    poster: Poster;
    recorder: Pick<Recorder, "expect" | "close">;
    follower: LogFollower;
    houseKeeping: HouseKeeping;
    news: LineNews;
    endings: Pick<Endings, "settle">;
    writer: Pick<HistoryWriter, "keep">;
    history: Pick<HistoryStore, "unfinished" | "find" | "stopping" | "reorder">;
    /** This head leads from now on, or does no more. */
    leads: (leads: boolean) => void;
    log: Pick<Log, "warn" | "info">;
    /** Milliseconds since 1970. */
    now: () => number;
  }>;

/** Milliseconds until a head compares again what it knows with what is there. */
const againAfter = 10_000;

/** Has tasks made by the workers of a fleet. What it knows of them is a copy; what becomes of them is decided in Redis. */
export class FleetRunner implements Runner {
  readonly #parts: FleetRunnerParts;
  readonly #over = new AbortController();
  #closing = false;
  #comparing: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: FleetRunnerParts) {
    this.#parts = parts;
  }

  get closing(): boolean {
    return this.#closing;
  }

  get tasks(): OpenTasks {
    return this.#parts.tasks;
  }

  get runningIds(): readonly TaskId[] {
    return this.#parts.tasks.runningIds;
  }

  isRunning(id: TaskId): boolean {
    return this.#parts.tasks.isRunning(id);
  }

  find(id: TaskId): Task | undefined {
    return this.#parts.tasks.find(id);
  }

  engines(): readonly EngineHealth[] {
    return this.#parts.members.engines;
  }

  /** What is to be told of whether somebody can make a recipe. @throws EngineError `no-worker` where nobody who is there can */
  accept(recipe: string): readonly string[] {
    const ability = this.#parts.members.ability(needsOf(recipe, this.#parts));
    switch (ability.can) {
      case "yes":
        return [];
      case "no-worker":
        return ["No worker of the fleet is there now; the task waits until one comes."];
      case "no":
        throw noWorkerWith(ability.workers, ability.lacking);
    }
  }

  async restore(): Promise<void> {
    const { tasks, history, follower, fleet, members, houseKeeping, leads } = this.#parts;
    for (const left of await history.unfinished()) {
      const { task, attempts, images } = waitingAgain(left);
      tasks.add(task, attempts, images);
    }
    tasks.pause(await fleet.flags.get("paused"));
    await follower.catchUp(await fleet.log.last(), this.#over.signal);
    await this.compare();
    await members.start();
    void follower.follow(this.#over.signal);
    fleet.onTrouble((trouble) => {
      if (trouble === "back") void this.#comeBack();
    });
    houseKeeping.start(leads);
  }

  /** Compares in a while: a row could not be read. */
  compareLater(): void {
    this.#comparing ??= setTimeout(() => {
      this.#comparing = undefined;
      this.compare().catch(() => this.compareLater());
    }, againAfter);
    this.#comparing.unref();
  }

  /** Compares what is known of tasks with what is in the lines; what happened to them meanwhile is told. */
  async compare(): Promise<void> {
    const { tasks, fleet, news, now } = this.#parts;
    const [waiting, active, ended] = [
      await fleet.lines.waiting(),
      await fleet.lines.active(),
      await fleet.lines.ended(0),
    ];
    for (const { id } of [...waiting, ...active]) await this.know(id);
    const waits = new Set(waiting.map(({ id }) => id));
    for (const { id } of active)
      if (tasks.has(id) && !tasks.isRunning(id)) tasks.start(id, now(), 1, undefined);
    for (const id of tasks.runningIds) if (waits.has(id)) tasks.putBack(id, 1);
    tasks.reorder(waiting.map(({ id }) => id));
    const there = new Set([waiting, active, ended].flat().map(({ id }) => id));
    for (const id of tasks.ids) if (!there.has(id)) await this.#tellEnd(id);
    news.changed();
  }

  add(task: Task): void {
    const { tasks, events, poster, recorder } = this.#parts;
    tasks.add(task);
    recorder.expect(task.id);
    const position = tasks.waiting.length;
    const ahead = position - 1 + tasks.runningIds.length;
    events.addTask(task.id, { type: "queued", position, ahead, label: task.label });
    void poster.post(task);
  }

  async control(id: TaskId, word: "stop" | "skip"): Promise<Asked> {
    if (await this.#cancelled(id)) return "cancelled";
    const { tasks, fleet, history, writer } = this.#parts;
    if (!tasks.has(id)) return undefined;
    if (word === "stop") {
      await writer.keep(id, () => history.stopping(id));
      await fleet.lines.mark(id, { stopping: true });
    }
    const worker = await this.#workerOf(id);
    if (worker === undefined) return undefined;
    await fleet.inboxes.send(worker, { type: word, task: id });
    return "asked";
  }

  async cancelWaiting(): Promise<number> {
    let cancelled = 0;
    for (const id of this.tasks.waiting) if (await this.#cancelled(id)) cancelled += 1;
    return cancelled;
  }

  async pause(paused: boolean): Promise<void> {
    const { fleet, tasks, members } = this.#parts;
    await fleet.flags.set("paused", paused);
    tasks.pause(paused);
    this.#tellLine();
    if (!paused) await members.tellAll("ring");
  }

  async move(id: TaskId, before: TaskId | null): Promise<boolean> {
    const { tasks, fleet, writer, history } = this.#parts;
    const others = tasks.waiting.filter((one) => one !== id);
    const place = before === null ? others.length : others.indexOf(before);
    if (!tasks.waiting.includes(id) || place < 0) return false;
    if (id === before) return true;
    const order = [...others.slice(0, place), id, ...others.slice(place)];
    await fleet.lines.order(before === null ? order : order.slice(0, place + 1));
    tasks.reorder(order);
    await writer.keep("queue", () => history.reorder(order));
    this.#tellLine();
    return true;
  }

  async unloadModels(): Promise<void> {
    await this.#parts.members.tellAll("unload");
  }

  /** Tasks go on elsewhere: nothing is waited for. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#comparing);
    const { members, questions, news, recorder, houseKeeping } = this.#parts;
    this.#over.abort();
    questions.close();
    members.close();
    news.close();
    recorder.close();
    await houseKeeping.close();
  }

  async #comeBack(): Promise<void> {
    const { poster, houseKeeping, log } = this.#parts;
    try {
      await poster.postAll();
      houseKeeping.lookSoon();
      await this.compare();
    } catch (thrown) {
      log.warn("the fleet is back, and could not be looked at yet", { reason: String(thrown) });
      this.compareLater();
    }
  }

  async #cancelled(id: TaskId): Promise<boolean> {
    const { tasks, fleet, poster, endings } = this.#parts;
    if (!tasks.waiting.includes(id)) return false;
    const isMine = poster.drop(id);
    const isRemoved = await fleet.lines.remove(id);
    if (!isMine && !isRemoved && (await fleet.lines.where(id)) !== "unknown") return false;
    const task = tasks.end(id);
    if (task === undefined) return false;
    await endings.settle(task, cancelled);
    return true;
  }

  async #workerOf(id: TaskId): Promise<string | undefined> {
    const place = this.#parts.tasks.placeOf(id);
    if (place !== undefined) return place.slice(0, place.lastIndexOf("/"));
    return (await this.#parts.fleet.lines.active()).find((job) => job.id === id)?.worker;
  }

  /** Learns of a task that another head took. @throws EngineError `storage-failed` where its row cannot be read */
  async know(id: TaskId): Promise<void> {
    const { tasks, history } = this.#parts;
    const task = tasks.has(id) ? undefined : await history.find(id);
    if (task?.state.status === "pending") tasks.add(task);
  }

  /** A task of which no job is there: it ended while this head heard nothing, or is to be given to the fleet yet. */
  async #tellEnd(id: TaskId): Promise<void> {
    const { tasks, events, history } = this.#parts;
    const task = await history.find(id);
    if (task?.state.status === "pending") return;
    tasks.end(id);
    if (task?.state.status !== "settled" || events.hasSettled(id)) return;
    events.whisper(id, { type: "settled", ...toldOf(task, task.state) });
  }

  /** All heads hear of the order and of the pause. */
  #tellLine(): void {
    const { tasks, fleet } = this.#parts;
    const { waiting, paused } = tasks;
    void fleet.log.append({ taskId: null, type: "queue", pending: [...waiting], paused });
  }
}
