import { sql } from "drizzle-orm";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { KnownRows } from "../history/known-rows.ts";
import type { Statements } from "./connection.ts";
import { rowVersion, selectRows } from "./rows.ts";
import { tasks } from "./tables.ts";

/** Tasks that are remembered; a page of a dashboard has sixty. */
const mostTasks = 1000;

type Known = Readonly<{ name: string; version: string; task: Task }>;

type Row = Readonly<{ id: number; name: string; version: string }>;

/**
 * Tasks by the numbers of their rows, of which those alone are fetched that were written since they were last read: a row is some
 * thousand characters, and most of a page are those of the last time. Any server may have written them.
 */
export class KnownTasks {
  readonly #rows: KnownRows;
  /** The one that was asked for longest ago first. */
  readonly #known = new Map<number, Known>();

  /** @param rows reads them */
  constructor(rows: KnownRows) {
    this.#rows = rows;
  }

  /** @param order which rows, and in what order */
  async list(
    db: Statements,
    order: (rows: ReturnType<typeof selectVersions>) => ReturnType<typeof selectVersions>,
  ): Promise<readonly Task[]> {
    const wanted = await order(selectVersions(db));
    // Held here: what is fetched may make all others give way.
    const known = wanted.flatMap((row): (readonly [number, Task])[] => {
      const task = this.#again(row);
      return task === undefined ? [] : [[row.id, task]];
    });
    const found = new Map(known);
    const stale = wanted.filter(({ id }) => !found.has(id)).map(({ id }) => id);
    for (const [id, task] of await this.#fetch(db, stale)) found.set(id, task);
    // One that was deleted between the two is not there.
    return wanted.flatMap(({ id }) => found.get(id) ?? []);
  }

  /** A task as it is known, if it was not written since; others give way to it. */
  #again({ id, name, version }: Row): Task | undefined {
    const known = this.#known.get(id);
    if (known?.version !== version || known.name !== name) return undefined;
    this.#remember(id, known);
    return known.task;
  }

  async #fetch(db: Statements, ids: readonly number[]): Promise<ReadonlyMap<number, Task>> {
    if (ids.length === 0) return new Map();
    const list = JSON.stringify(ids);
    for (const id of ids) this.#known.delete(id);
    const rows = await selectRows(db).where(
      sql`${tasks.id} = ANY (ARRAY(SELECT CAST(jsonb_array_elements_text(CAST(CAST(${list} AS text) AS jsonb)) AS bigint)))`,
    );
    return new Map(
      rows.map(({ version: written, ...row }) => {
        const task = this.#rows.task(row);
        const { id, task_id: name } = row.generate_record;
        this.#remember(id, { name, version: written, task });
        return [id, task];
      }),
    );
  }

  #remember(id: number, known: Known): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostTasks) return;
      this.#known.delete(oldest);
    }
  }
}

const selectVersions = (db: Statements) =>
  db.select({ id: tasks.id, name: tasks.task_id, version: rowVersion }).from(tasks).$dynamic();
