import type { TaskId } from "#/lib/task-id.ts";
import { furthest, type Waiting } from "./affinity.ts";
import type { EventLog } from "./event-log.ts";
import type { TaskQueue } from "./queue.ts";
import { MemoryQueue } from "./queues/memory.ts";
import type { RunStart } from "./run-parts.ts";
import type { Task, TaskImage, TaskState } from "./task.ts";

/** What is known of a task that has not ended: how often it was started, and its images so far. */
export type LiveTask = Readonly<{ task: Task; attempts: number; images: readonly TaskImage[] }>;

/** What the next attempt at a task starts from. @param now milliseconds since 1970 */
export const startOf = ({ task, attempts, images }: LiveTask, now: number): RunStart => ({
  at: Math.max(now, task.queuedAt),
  attempt: attempts + 1,
  images,
});

/** What is known of a task's progress before its recipe is read. */
const beginning = {
  percent: 1,
  moment: { now: "engine" },
  stage: "loading",
  image: 0,
  step: 0,
  steps: 0,
  preview: null,
} as const;

/** A waiting task that so many others are before. */
const placed = (task: Task, before: number): Task => ({
  ...task,
  state: { status: "pending", position: before + 1 },
});

function checkpointOf(task: Task | undefined): string {
  const name = task?.request["base_model_name"];
  return typeof name === "string" ? name : "";
}

/** The tasks that have not ended, and the order of those that wait. */
export class LiveTasks {
  readonly #events: Pick<EventLog, "addTask" | "addServer">;
  readonly #running: () => number;
  readonly #queue: TaskQueue = new MemoryQueue();
  readonly #live = new Map<TaskId, LiveTask>();

  /** @param running how many tasks run, and are ahead of all that wait */
  constructor(events: Pick<EventLog, "addTask" | "addServer">, running: () => number) {
    this.#events = events;
    this.#running = running;
  }

  /** All that have not ended: waiting or running. */
  get ids(): readonly TaskId[] {
    return [...this.#live.keys()];
  }

  get waiting(): readonly TaskId[] {
    return this.#queue.ids;
  }

  /** The waiting tasks in their order. */
  get waitingTasks(): readonly Task[] {
    return this.#queue.ids.flatMap((id, index) => {
      const task = this.#live.get(id)?.task;
      return task === undefined ? [] : [placed(task, index)];
    });
  }

  get paused(): boolean {
    return this.#queue.paused;
  }

  pause(paused: boolean): void {
    this.#queue.paused = paused;
  }

  /** A waiting task is given with its place as it is now. */
  find(id: TaskId): Task | undefined {
    const task = this.#live.get(id)?.task;
    return task?.state.status === "pending" ? placed(task, this.#queue.ids.indexOf(id)) : task;
  }

  attemptsOf(id: TaskId): number | undefined {
    return this.#live.get(id)?.attempts;
  }

  /** A task that waits from now on, behind all others. */
  add(live: LiveTask): void {
    this.#live.set(live.task.id, live);
    this.#queue.add(live.task.id);
  }

  /** The first of those that may begin, in their order; none while the queue is paused. */
  get next(): readonly Waiting[] {
    if (this.paused) return [];
    return this.#queue.ids
      .slice(0, furthest)
      .map((id) => ({ id, checkpoint: checkpointOf(this.#live.get(id)?.task) }));
  }

  /** A task that is begun, and waits no longer. @returns nothing if it did not wait */
  take(id: TaskId): LiveTask | undefined {
    return this.#queue.remove(id) ? this.#live.get(id) : undefined;
  }

  /**
   * A running task that waits again, before all others, with the images that it has.
   *
   * @param attempts how often it was started; as often as it was where nothing is said
   */
  putBack(id: TaskId, images: readonly TaskImage[], attempts?: number): void {
    const live = this.#live.get(id);
    if (live === undefined) return;
    const task: Task = { ...live.task, state: { status: "pending", position: 0 } };
    this.#live.set(id, { task, images, attempts: attempts ?? live.attempts });
    const [first = null] = this.#queue.ids;
    this.#queue.add(id);
    if (first !== null) this.#queue.move(id, first);
  }

  /** Takes a waiting task away. @returns the task, if it was waiting */
  takeAway(id: TaskId): Task | undefined {
    const task = this.find(id);
    if (task === undefined || !this.#queue.remove(id)) return undefined;
    this.#live.delete(id);
    return task;
  }

  move(id: TaskId, before: TaskId | null): boolean {
    return this.#queue.move(id, before);
  }

  /** It runs from now on; how far it is will be said. */
  begin(id: TaskId, { at: startedAt, attempt, images }: RunStart): void {
    const progress = { ...beginning, images: images.length };
    this.update(id, { status: "running", startedAt, attempt, progress, images }, attempt);
  }

  /** @param attempts how often it was started, this time included */
  update(id: TaskId, state: TaskState, attempts: number): void {
    const live = this.#live.get(id);
    if (live !== undefined) this.#live.set(id, { ...live, attempts, task: { ...live.task, state } });
  }

  warn(id: TaskId, warnings: readonly string[]): void {
    const live = this.#live.get(id);
    if (live !== undefined) this.#live.set(id, { ...live, task: { ...live.task, warnings } });
  }

  /** It has ended. */
  end(id: TaskId): void {
    this.#live.delete(id);
  }

  /** Says what waits, and to each task whose place changed where it stands; `added` is new at the end. */
  tell(added?: TaskId): void {
    const running = this.#running();
    for (const [index, id] of this.#queue.ids.entries()) {
      if (added !== undefined && id !== added) continue;
      const label = this.#live.get(id)?.task.label ?? null;
      this.#events.addTask(id, { type: "queued", position: index + 1, ahead: index + running, label });
    }
    this.#events.addServer({ type: "queue", pending: [...this.#queue.ids], paused: this.#queue.paused });
  }
}
