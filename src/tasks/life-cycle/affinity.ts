import type { TaskId } from "#/lib/task-id.ts";

/** How many waiting tasks are looked at: a queue may hold thousands, and who is far behind need not pass everybody. */
export const furthest = 64;

/** A waiting task and the checkpoint that it needs. */
export type Waiting = Readonly<{ id: TaskId; checkpoint: string }>;

/** An engine and the checkpoint that is open on it, if one is. */
export type Holding = Readonly<{ open: string | undefined }>;

/** Which task is begun on which engine, by their places. */
export type Choice = Readonly<{ task: number; engine: number }>;

/**
 * Which waiting task an idle engine is given, and which engine a task: opening a checkpoint costs more than a step of its
 * own, so a task goes where its checkpoint is open. No engine is left idle for that, and a task is passed over only where its
 * checkpoint is open on an engine that is busy, by tasks whose own is open on an idle one, and no longer than the limit.
 */
export class Affinity {
  readonly #limit: number;
  readonly #now: () => number;
  /** Since when tasks are passed over. */
  readonly #passed = new Map<TaskId, number>();

  /**
   * @param limit milliseconds for which a task may be passed over; 0 keeps to the order of the queue
   * @param now   milliseconds
   */
  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /**
   * @param waiting in their order; no more than {@link furthest}
   * @param idle    the engine that has been idle longest before all others
   * @param busy    each with the checkpoint of the task that runs on it
   * @returns nothing where nobody waits, or no engine is idle
   */
  choose(
    waiting: readonly Waiting[],
    idle: readonly Holding[],
    busy: readonly Holding[],
  ): Choice | undefined {
    const [first] = waiting;
    if (first === undefined || idle.length === 0) return undefined;
    const here = fitting(first, idle);
    const task = here >= 0 || !isOpenOn(first, busy) ? 0 : this.#fitter(waiting, idle);
    const chosen = waiting[task] ?? first;
    for (const { id } of waiting.slice(0, task)) if (!this.#passed.has(id)) this.#passed.set(id, this.#now());
    this.#forget(chosen.id, waiting);
    const fit = task === 0 ? here : fitting(chosen, idle);
    return { task, engine: fit >= 0 ? fit : leastLoss(idle) };
  }

  /** The first task whose checkpoint is open on an idle engine and that passes over nobody for too long; else the first of all. */
  #fitter(waiting: readonly Waiting[], idle: readonly Holding[]): number {
    for (const [place, task] of waiting.entries()) {
      if (fitting(task, idle) >= 0) return place;
      if (this.#waitedLongEnough(task.id)) return 0;
    }
    return 0;
  }

  #waitedLongEnough(id: TaskId): boolean {
    const since = this.#passed.get(id);
    return this.#limit <= 0 || (since !== undefined && this.#now() - since >= this.#limit);
  }

  /** Tasks that are begun, or wait no longer for another reason. */
  #forget(begun: TaskId, waiting: readonly Waiting[]): void {
    this.#passed.delete(begun);
    if (this.#passed.size <= furthest) return;
    const ids = new Set(waiting.map(({ id }) => id));
    for (const id of this.#passed.keys()) if (!ids.has(id)) this.#passed.delete(id);
  }
}

const isOpenOn = ({ checkpoint }: Waiting, engines: readonly Holding[]): boolean =>
  engines.some(({ open }) => open === checkpoint);

const fitting = ({ checkpoint }: Waiting, engines: readonly Holding[]): number =>
  engines.findIndex(({ open }) => open === checkpoint);

/** One with nothing open, else the one that has been idle longest. */
const leastLoss = (idle: readonly Holding[]): number =>
  Math.max(
    0,
    idle.findIndex(({ open }) => open === undefined),
  );
