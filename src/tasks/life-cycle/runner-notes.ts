import type { TaskId } from "#/lib/task-id.ts";
import { isBusy } from "#/stores/history/failures.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { HistoryWriter } from "./history-writer.ts";
import type { TaskImage } from "./task.ts";

/** Name of the counter that remembers a paused queue. */
const pausedCounter = "paused";

/** What the notes are written with. */
export type NoteParts = Readonly<{
  history: Pick<
    HistoryStore,
    | "counter"
    | "setCounter"
    | "started"
    | "stopping"
    | "recipe"
    | "warned"
    | "imageSaved"
    | "keepMaking"
    | "reorder"
  >;
  writer: Pick<HistoryWriter, "keep" | "now">;
}>;

/**
 * What a runner writes down of its tasks, so that the next start goes on from there; those of one task in their order. Where
 * nothing else is said a promise is never rejected: what cannot be written now is written later.
 */
export class RunnerNotes {
  readonly #history: NoteParts["history"];
  readonly #writer: NoteParts["writer"];

  constructor({ history, writer }: NoteParts) {
    this.#history = history;
    this.#writer = writer;
  }

  /** @throws EngineError `storage-failed`: a disk that takes no row takes no picture either */
  started(id: TaskId, attempt: number): Promise<void> {
    return this.#writer.keep(id, () => this.#history.started(id, attempt), isBusy);
  }

  /** That it was started so often only: its last attempt does not count. */
  uncounted(id: TaskId, attempts: number): Promise<void> {
    return this.#writer.keep(id, () => this.#history.started(id, attempts));
  }

  /** Whoever stopped it does not want it back, also if the server dies before it has ended. */
  stopping(id: TaskId): Promise<void> {
    return this.#writer.keep(id, () => this.#history.stopping(id));
  }

  /** @throws EngineError `storage-failed` */
  warned(id: TaskId, warnings: readonly string[]): Promise<void> {
    return this.#history.warned(id, warnings);
  }

  /** The picture is on the disk: whatever keeps its row from being written is no reason to lose it. */
  imageSaved(id: TaskId, images: readonly TaskImage[]): Promise<void> {
    return this.#writer.keep(id, () => this.#history.imageSaved(id, images));
  }

  keepMaking(id: TaskId, making: string): Promise<void> {
    return this.#writer.keep(id, () => this.#history.keepMaking(id, making));
  }

  /** The queue does as it is told, even if a full disk forgets it at the next start. */
  reorder(waiting: () => readonly TaskId[]): Promise<void> {
    return this.#writer.keep("queue", () => this.#history.reorder(waiting()));
  }

  pause(isPaused: () => boolean): Promise<void> {
    return this.#writer.keep("queue", () => this.#history.setCounter(pausedCounter, isPaused() ? 1 : 0));
  }

  /** @throws EngineError `storage-failed` */
  async wasPaused(): Promise<boolean> {
    return (await this.#history.counter(pausedCounter)) === 1;
  }

  /**
   * The recipe that a task was accepted with. A history that another program locks is waited for.
   *
   * @throws EngineError `storage-failed`
   */
  async recipe(id: TaskId): Promise<string | undefined> {
    try {
      return await this.#history.recipe(id);
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
      return await this.#writer.now(() => this.#history.recipe(id));
    }
  }
}
