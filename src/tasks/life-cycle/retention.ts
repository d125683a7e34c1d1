import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { EndedTask, HistoryStore } from "#/stores/history.ts";
import { type ImageStore, keptImageOf } from "#/stores/images.ts";
import type { TaskRemoval } from "./removal.ts";
import type { Task } from "./task.ts";

/** How much of what has ended is kept; 0 is no limit. */
export type RetentionLimits = Readonly<{ days: number; tasks: number; pictureBytes: number }>;

/** What retention works with. */
export type RetentionParts = Readonly<{
  limits: RetentionLimits;
  history: Pick<HistoryStore, "ended" | "namesInput">;
  images: Pick<ImageStore, "sizeOf" | "inputsBefore" | "removeInput">;
  removal: Pick<TaskRemoval, "remove">;
  /** A task as it is now. */
  find: (id: TaskId) => Promise<Task | undefined>;
  log: Log;
  /** Milliseconds since 1970. */
  now: () => number;
}>;

const day = 86_400_000;

/** Milliseconds between two passes. */
const every = 3_600_000;

/** Milliseconds after its end in which no task goes, so that its client can fetch what was made for it. */
const grace = 600_000;

/** Rows that are looked at, and tasks that are removed, between two turns of the event loop. */
const most = 200;

/**
 * Deletes what is more than the settings keep: whole tasks without a star, the one that ended longest ago first, with their pictures and with
 * inputs that nobody else names; and inputs that no row names, a day after they came. Without a limit it does nothing at all.
 */
export class Retention {
  readonly #parts: RetentionParts;
  #timer: ReturnType<typeof setInterval> | undefined;
  #pass: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Does it now, and every hour. */
  start(): void {
    const { days, tasks, pictureBytes } = this.#parts.limits;
    if (days + tasks + pictureBytes === 0) return;
    const begin = (): void => {
      this.#pass = this.#pass.then(() => this.#apply());
    };
    begin();
    this.#timer = setInterval(begin, every);
    this.#timer.unref();
  }

  /** Begins nothing more, and waits for the step at hand. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#pass;
  }

  async #apply(): Promise<void> {
    const { log } = this.#parts;
    try {
      const removed = await this.#removeTasks(await this.#superfluous());
      const inputs = await this.#removeOrphans();
      if (removed.tasks + inputs > 0)
        log.info("what is more than the settings keep was deleted", { ...removed, orphaned_inputs: inputs });
    } catch (thrown) {
      log.error("what is more than the settings keep could not be deleted; the next hour tries again", {
        error: String(thrown),
      });
    }
  }

  /** Tasks that are not kept, the one that ended longest ago first. */
  async #superfluous(): Promise<readonly TaskId[]> {
    const { limits, now } = this.#parts;
    const ended = (await this.#ended()).toSorted((a, b) => b.finishedAt - a.finishedAt || b.row - a.row);
    const gone: TaskId[] = [];
    let bytes = 0;
    for (const [place, task] of ended.entries()) {
      if (this.#closed) return [];
      if (limits.pictureBytes > 0 && bytes <= limits.pictureBytes) bytes += await this.#bytesOf(task);
      const age = now() - task.finishedAt;
      const isOver =
        (limits.days > 0 && age > limits.days * day) ||
        (limits.tasks > 0 && place >= limits.tasks) ||
        (limits.pictureBytes > 0 && bytes > limits.pictureBytes);
      if (isOver && age > grace) gone.push(task.id);
    }
    return gone.toReversed();
  }

  async #ended(): Promise<readonly EndedTask[]> {
    const ended: EndedTask[] = [];
    for (let after = -1; !this.#closed; ) {
      const page = await this.#parts.history.ended(after, most);
      ended.push(...page.tasks);
      if (page.last === undefined) break;
      after = page.last;
      await nextTurn();
    }
    return ended;
  }

  async #bytesOf({ urls }: EndedTask): Promise<number> {
    let bytes = 0;
    for (const url of urls) {
      const image = keptImageOf(url);
      if (image !== undefined) bytes += await this.#parts.images.sizeOf(image);
    }
    return bytes;
  }

  async #removeTasks(ids: readonly TaskId[]): Promise<Readonly<{ tasks: number; images: number }>> {
    let [tasks, images] = [0, 0];
    for (let from = 0; from < ids.length && !this.#closed; from += most) {
      const found = await Promise.all(ids.slice(from, from + most).map((id) => this.#parts.find(id)));
      const there = found.filter((task) => task !== undefined);
      const removed = await this.#parts.removal.remove(there, { inputs: true, sparesStarred: true });
      tasks += removed.tasks;
      images += removed.images;
      await nextTurn();
    }
    return { tasks, images };
  }

  /** Pictures that came with requests of which no row is left. */
  async #removeOrphans(): Promise<number> {
    const { history, images, now } = this.#parts;
    let removed = 0;
    for await (const name of images.inputsBefore(now() - day)) {
      if (this.#closed) break;
      if (await images.removeInput(name, () => history.namesInput(name))) removed += 1;
    }
    return removed;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
