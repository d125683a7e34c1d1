import type { Task } from "#/tasks/life-cycle/task.ts";
import type { Db } from "./history-file.ts";

/** Pages that are remembered, and the most rows of one. */
const mostPages = 8;
const mostRows = 200;

/** When a page was read: of which file, after how many commits of others and changes of our own. */
type Moment = Readonly<{ db: Db; others: unknown; own: unknown }>;

/**
 * Pages of tasks that are read anew only after something was written, by us or by another program: SQLite says both (`data_version`
 * counts the commits of others, `total_changes` our own rows), which is a hundredth of the work of reading a page.
 */
export class KnownPages {
  readonly #pages = new Map<string, readonly Task[]>();
  #at: Moment | undefined;

  /** @param name says which page it is */
  page(db: Db, name: string, read: () => readonly Task[]): readonly Task[] {
    const now = momentOf(db);
    if (this.#at?.db !== db || this.#at.others !== now.others || this.#at.own !== now.own)
      this.#pages.clear();
    this.#at = now;
    const known = this.#pages.get(name);
    if (known !== undefined) return known;
    const tasks = read();
    if (tasks.length > mostRows) return tasks;
    for (const oldest of this.#pages.keys()) if (this.#pages.size >= mostPages) this.#pages.delete(oldest);
    this.#pages.set(name, tasks);
    return tasks;
  }
}

/** Looked at before a page is read: what is written in between makes it old at once, and not too new. */
function momentOf(db: Db): Moment {
  const [others] = db.$client.query<[unknown], []>("PRAGMA data_version").values()[0] ?? [];
  const [own] = db.$client.query<[unknown], []>("SELECT total_changes()").values()[0] ?? [];
  return { db, others, own };
}
