import type { Log } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistoryStore, RowFile } from "#/stores/history.ts";
import { type ImageStore, keptImageOf } from "#/stores/images.ts";
import type { Endings } from "./endings.ts";
import type { EventLog } from "./event-log.ts";
import type { HistoryWriter } from "./history-writer.ts";
import type { Runner } from "./runner.ts";
import type { Task } from "./task.ts";
import type { RemoveReport } from "./task-writer.ts";

/** What removing works with. */
export type RemovalParts = Readonly<{
  runner: Pick<Runner, "find">;
  endings: Pick<Endings, "forget" | "told">;
  events: Pick<EventLog, "forget" | "addServer">;
  history: Pick<HistoryStore, "remove" | "starredAmong" | "unwanted" | "forgetFiles" | "namesInput">;
  images: Pick<ImageStore, "remove" | "removeInput">;
  writer: Pick<HistoryWriter, "now" | "keep">;
  log: Log;
  /** Milliseconds since 1970. */
  now: () => number;
}>;

/** What goes. */
type RemovalRules = Readonly<{
  /** Whether also the pictures that the tasks were made from go, where no other task names them. */
  inputs: boolean;
  /** Whether what has a star stays. */
  sparesStarred?: boolean;
}>;

/** Tasks that are removed in one step; the event loop goes on between two. */
const most = 50;

/**
 * Takes tasks that have ended away. First their rows, and with them, in one step, the note of which files are to go; then
 * the files; then the note. So no row ever names a picture that was deleted, and a crash in between leaves a note that
 * {@link goOn} finds.
 */
export class TaskRemoval {
  readonly #parts: RemovalParts;

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  /**
   * Tasks that have not ended are passed over.
   *
   * @throws EngineError `storage-failed` where the history cannot be written; what was removed before stays removed
   */
  async remove(tasks: readonly Task[], rules: RemovalRules): Promise<RemoveReport> {
    const ended = tasks.filter(({ id }) => this.#parts.runner.find(id) === undefined);
    // Nothing of a task may be written when its row is gone.
    await this.#parts.endings.told(ended.map(({ id }) => id));
    let [removed, images] = [0, 0];
    for (let from = 0; from < ended.length; from += most) {
      const step = ended.slice(from, from + most);
      const { tasks: gone, files } = await this.#parts.writer.now(async () => {
        const going = rules.sparesStarred === true ? await this.#withoutStar(step) : step;
        return {
          tasks: going.length,
          files: going.length === 0 ? [] : await this.#removeRows(going, rules.inputs),
        };
      });
      removed += gone;
      images += await this.#deleteFiles(files);
    }
    return { tasks: removed, images };
  }

  /** Deletes the files whose deletion was broken off, when the last process ended or because a disk refused. */
  async goOn(): Promise<void> {
    try {
      await this.#deleteFiles(await this.#parts.history.unwanted(mostLeft));
    } catch (thrown) {
      this.#parts.log.error("files of removed tasks could not be deleted", { error: String(thrown) });
    }
  }

  async #withoutStar(tasks: readonly Task[]): Promise<readonly Task[]> {
    const starred = await this.#parts.history.starredAmong(tasks.map(({ id }) => id));
    return tasks.filter(({ id }) => !starred.has(id));
  }

  async #removeRows(gone: readonly Task[], inputs: boolean): Promise<readonly RowFile[]> {
    const { endings, events, history, now } = this.#parts;
    const outputs = gone.flatMap(({ state }) =>
      state.status === "settled" ? state.images.flatMap(({ url }) => keptImageOf(url) ?? []) : [],
    );
    const ids: readonly TaskId[] = gone.map(({ id }) => id);
    const files = await history.remove(ids, { outputs, inputs, at: now() });
    for (const id of ids) {
      endings.forget(id);
      events.forget(id);
    }
    events.addServer({ type: "removed", tasks: ids });
    return files;
  }

  /** @returns how many outputs were there */
  async #deleteFiles(files: readonly RowFile[]): Promise<number> {
    const { history, images, writer, log } = this.#parts;
    const done: RowFile[] = [];
    let outputs = 0;
    for (const file of files) {
      try {
        if (file.kind === "output") outputs += (await images.remove(file, file.at)) ? 1 : 0;
        // A task that came in meanwhile may name it again.
        else await images.removeInput(file.name, () => history.namesInput(file.name));
        done.push(file);
      } catch (thrown) {
        log.error("a file of a removed task could not be deleted; the next start tries again", {
          error: String(thrown),
        });
      }
    }
    if (done.length > 0) await writer.keep("files", () => history.forgetFiles(done));
    return outputs;
  }
}

/** Files that a start deletes; there are as many as one step of the last process left, unless a disk refuses. */
const mostLeft = 10_000;
