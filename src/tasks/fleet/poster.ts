import type { Fleet } from "#/fleet/fleet.ts";
import type { FleetJob } from "#/fleet/jobs.ts";
import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { Task, TaskImage } from "../life-cycle/task.ts";
import { type JobParts, jobOf } from "./job-of.ts";

/** What posting works with. */
export type PosterParts = JobParts &
  Readonly<{
    fleet: Pick<Fleet, "lines">;
    history: Pick<HistoryStore, "recipe" | "find">;
    /** Wakes a worker that could take it. */
    ring: (job: FleetJob) => void;
    log: Pick<Log, "warn">;
  }>;

/**
 * Gives tasks whose rows are written to the fleet. One that cannot be given now is kept in mind; were this head to end first, its row
 * would still be there, and the head that keeps house gives it.
 */
export class Poster {
  readonly #parts: PosterParts;
  readonly #unposted = new Map<TaskId, Task>();

  constructor(parts: PosterParts) {
    this.#parts = parts;
  }

  /**
   * Never throws.
   *
   * @param images pictures of it that are stored already
   */
  async post(task: Task, images: readonly TaskImage[] = []): Promise<void> {
    this.#unposted.set(task.id, task);
    try {
      const { history } = this.#parts;
      const recipe = await history.recipe(task.id);
      // The recipe goes with the end: one that was cancelled meanwhile is not to be made.
      if (recipe === undefined && (await history.find(task.id))?.state.status !== "pending")
        this.#unposted.delete(task.id);
      if (!this.#unposted.has(task.id)) return;
      const job = jobOf(task, recipe ?? "", this.#parts, images);
      await this.#parts.fleet.lines.add(job);
      this.#unposted.delete(task.id);
      this.#parts.ring(job);
    } catch (thrown) {
      this.#parts.log.warn("a task waits to be given to the fleet", {
        task: task.id,
        reason: String(thrown),
      });
    }
  }

  /** Forgets a task that is not to be given any more. @returns whether it was not given yet */
  drop(id: TaskId): boolean {
    return this.#unposted.delete(id);
  }

  /** Gives what could not be given. */
  async postAll(): Promise<void> {
    for (const task of [...this.#unposted.values()]) await this.post(task);
  }
}
