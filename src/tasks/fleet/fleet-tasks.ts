import type { TaskId } from "#/lib/task-id.ts";
import type { TaskHappening } from "../life-cycle/events.ts";
import { MemoryQueue } from "../life-cycle/queues/memory.ts";
import type { Preview, Progress, Task, TaskImage } from "../life-cycle/task.ts";

type Told = Extract<TaskHappening, { type: "progress" }>;

/** A task of the fleet that has not ended, as this head knows it. */
type Known = Readonly<{
  task: Task;
  attempts: number;
  images: readonly TaskImage[];
  /** `worker/engine`, while it runs. */
  on: string | undefined;
  /** Its worker is done with it. */
  left?: boolean;
}>;

/** How far a task is that nothing was told of but that it began. */
const begun: Progress = {
  percent: 0,
  moment: { now: "engine" },
  stage: "loading",
  image: 0,
  images: 1,
  step: 0,
  steps: 0,
  preview: null,
};

/**
 * The tasks of a fleet that have not ended, as far as a head has heard: a copy, which never decides anything. Whatever is told of a
 * task that it does not know is passed over.
 */
export class FleetTasks {
  #queue = new MemoryQueue();
  readonly #known = new Map<TaskId, Known>();
  /** In the order they were begun. */
  readonly #running = new Set<TaskId>();
  /** `worker/engine` -> the task that runs there. */
  readonly #places = new Map<string, TaskId>();

  get ids(): readonly TaskId[] {
    return [...this.#known.keys()];
  }

  get waiting(): readonly TaskId[] {
    return this.#queue.ids;
  }

  get waitingTasks(): readonly Task[] {
    return this.waiting.flatMap((id, place) => {
      const task = this.#known.get(id)?.task;
      return task === undefined ? [] : [waitingAt(task, place)];
    });
  }

  get runningIds(): readonly TaskId[] {
    return [...this.#running];
  }

  get paused(): boolean {
    return this.#queue.paused;
  }

  pause(paused: boolean): void {
    this.#queue.paused = paused;
  }

  has(id: TaskId): boolean {
    return this.#known.has(id);
  }

  isRunning(id: TaskId): boolean {
    return this.#running.has(id);
  }

  find(id: TaskId): Task | undefined {
    const task = this.#known.get(id)?.task;
    return task?.state.status === "pending" ? waitingAt(task, this.waiting.indexOf(id)) : task;
  }

  imagesOf(id: TaskId): readonly TaskImage[] {
    return this.#known.get(id)?.images ?? [];
  }

  /** Where a task runs: `worker/engine`. */
  placeOf(id: TaskId): string | undefined {
    return this.#known.get(id)?.on;
  }

  /** Where tasks run. */
  get places(): ReadonlySet<string> {
    return new Set(this.#places.keys());
  }

  /** The task that runs at a place, as it was told. */
  at(place: string): TaskId | undefined {
    return this.#places.get(place);
  }

  /** Whether a task that runs may do so anywhere: it was not told where, and its worker is not done with it. */
  mayBeAnywhere(id: TaskId): boolean {
    const known = this.#known.get(id);
    return this.isRunning(id) && known?.on === undefined && known?.left !== true;
  }

  /** A task that waits, behind all others. */
  add(task: Task, attempts = 0, images: readonly TaskImage[] = []): void {
    if (this.has(task.id)) return;
    this.#known.set(task.id, { task, attempts, images, on: undefined });
    this.#queue.add(task.id);
  }

  /** @param at milliseconds since 1970 */
  start(id: TaskId, at: number, attempt: number, on: string | undefined): void {
    this.#vacate(id);
    this.#change(id, (known) => ({ ...known, attempts: attempt, on, left: false }));
    if (on !== undefined && this.has(id)) this.#places.set(on, id);
    this.#run(id, at, begun);
  }

  /** What was told of its progress; a task that was not known to run does. */
  advance(id: TaskId, at: number, told: Told, preview: Preview | null): void {
    const { type: _, etaMs: __, ...said } = told;
    const before = this.#known.get(id)?.task.state;
    const shown = preview ?? (before?.status === "running" ? before.progress.preview : null);
    this.#run(id, at, { ...said, preview: shown });
  }

  /** Its worker is done with it, and has its engine for others; that it ended is still to be written down. */
  leave(id: TaskId): void {
    this.#vacate(id);
    this.#change(id, (known) => ({ ...known, on: undefined, left: true }));
  }

  keep(id: TaskId, image: TaskImage): void {
    this.#change(id, (known) => {
      const images = [...known.images.filter(({ index }) => index !== image.index), image];
      const { state } = known.task;
      const now = state.status === "running" ? { ...state, images } : state;
      return { ...known, images, task: { ...known.task, state: now } };
    });
  }

  warn(id: TaskId, warnings: readonly string[]): void {
    this.#change(id, (known) => ({ ...known, task: { ...known.task, warnings } }));
  }

  /** It waits again, before all others. */
  putBack(id: TaskId, attempts: number): void {
    if (!this.has(id)) return;
    this.#vacate(id);
    this.#running.delete(id);
    this.#change(id, ({ task, images }) => ({
      task: { ...task, state: { status: "pending", position: 0 } },
      attempts,
      images,
      on: undefined,
    }));
    this.#queue.remove(id);
    const [first = null] = this.waiting;
    this.#queue.add(id);
    if (first !== null) this.#queue.move(id, first);
  }

  /** New order of the waiting ones; those that it does not name stay behind, as they were. */
  reorder(ids: readonly TaskId[]): void {
    const waits = new Set(this.waiting);
    const first = ids.filter((id) => waits.has(id));
    const named = new Set(first);
    const others = this.waiting.filter((id) => !named.has(id));
    const queue = new MemoryQueue();
    queue.paused = this.paused;
    for (const id of [...first, ...others]) queue.add(id);
    this.#queue = queue;
  }

  /** It has ended, or is not there any more. */
  end(id: TaskId): Task | undefined {
    const task = this.find(id);
    this.#vacate(id);
    this.#known.delete(id);
    this.#running.delete(id);
    this.#queue.remove(id);
    return task;
  }

  #run(id: TaskId, at: number, progress: Progress): void {
    if (!this.has(id)) return;
    this.#queue.remove(id);
    this.#running.add(id);
    this.#change(id, (known) => {
      const { state } = known.task;
      const startedAt = state.status === "running" ? state.startedAt : at;
      const { attempts: attempt, images } = known;
      return {
        ...known,
        task: { ...known.task, state: { status: "running", startedAt, attempt, progress, images } },
      };
    });
  }

  /** A task is where it was no more. */
  #vacate(id: TaskId): void {
    const place = this.placeOf(id);
    if (place !== undefined && this.#places.get(place) === id) this.#places.delete(place);
  }

  #change(id: TaskId, change: (known: Known) => Known): void {
    const known = this.#known.get(id);
    if (known !== undefined) this.#known.set(id, change(known));
  }
}

const waitingAt = (task: Task, place: number): Task => ({
  ...task,
  state: { status: "pending", position: place + 1 },
});
