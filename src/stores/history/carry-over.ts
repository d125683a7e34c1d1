import type { Database } from "bun:sqlite";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import { generateRecord, inputNames, keys, outbox, recipes, taskExtra } from "./tables.ts";

const columnsOf = (table: Parameters<typeof getTableConfig>[0], without = ""): string =>
  getTableConfig(table)
    .columns.map(({ name }) => name)
    .filter((name) => name !== without)
    .join(", ");

/**
 * Takes what must go on from one history into another: tasks that have not ended with the keys they were asked for under, webhooks that were not delivered, and
 * the number of the last event, which must never go back. What is there already stays.
 * Files that were still to be deleted are not: rows of the other file may name them.
 *
 * @param from path of the other file, of this version
 */
export function carryOver(from: string, into: Database): void {
  const records = columnsOf(generateRecord, "id");
  const extras = columnsOf(taskExtra);
  const kept = columnsOf(recipes);
  const asked = columnsOf(keys);
  const webhooks = columnsOf(outbox);
  const named = columnsOf(inputNames);
  into.query("ATTACH ? AS old").run(from);
  try {
    into.transaction(() => {
      into.run(`INSERT INTO main.generate_record (${records}) SELECT ${records} FROM old.generate_record
        WHERE finish_mills IS NULL AND task_status IS NULL
          AND task_id IN (SELECT task_id FROM old.fooocusd_task)
          AND task_id NOT IN (SELECT task_id FROM main.generate_record) ORDER BY id`);
      into.run(`INSERT OR IGNORE INTO main.fooocusd_task (${extras}) SELECT ${extras} FROM old.fooocusd_task
        WHERE task_id IN (SELECT task_id FROM main.generate_record WHERE finish_mills IS NULL)`);
      into.run(`INSERT OR IGNORE INTO main.fooocusd_recipe (${kept}) SELECT ${kept} FROM old.fooocusd_recipe
        WHERE task_id IN (SELECT task_id FROM main.generate_record WHERE finish_mills IS NULL)`);
      into.run(`INSERT OR IGNORE INTO main.fooocusd_star (task_id) SELECT task_id FROM old.fooocusd_star
        WHERE task_id IN (SELECT task_id FROM main.generate_record WHERE finish_mills IS NULL)`);
      into.run(`INSERT OR IGNORE INTO main.fooocusd_input (${named}) SELECT ${named} FROM old.fooocusd_input
        WHERE task_id IN (SELECT task_id FROM main.generate_record WHERE finish_mills IS NULL)`);
      into.run(`INSERT OR IGNORE INTO main.fooocusd_key (${asked}) SELECT ${asked} FROM old.fooocusd_key
        WHERE task_id IN (SELECT task_id FROM main.generate_record WHERE finish_mills IS NULL)`);
      into.run(
        `INSERT OR IGNORE INTO main.fooocusd_webhook (${webhooks}) SELECT ${webhooks} FROM old.fooocusd_webhook`,
      );
      // What else is counted speaks of the old file's rows.
      into.run(`INSERT INTO main.fooocusd_counter (name, value) SELECT name, value FROM old.fooocusd_counter
        WHERE name IN ('seq', 'paused')
        ON CONFLICT (name) DO UPDATE SET value = iif(name = 'seq', max(value, excluded.value), excluded.value)`);
    })();
  } finally {
    into.run("DETACH old");
  }
}
