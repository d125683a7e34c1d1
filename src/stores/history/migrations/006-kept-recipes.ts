/**
 * Recipes of accepted tasks are kept until they end, and any number of running tasks can be asked to stop. Until now one
 * could, and its row's number was kept as a counter.
 */
export const keptRecipes: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS fooocusd_recipe (task_id TEXT NOT NULL PRIMARY KEY, recipe TEXT NOT NULL)",
  "ALTER TABLE fooocusd_task ADD COLUMN stopping INTEGER NOT NULL DEFAULT 0",
  `UPDATE fooocusd_task SET stopping = 1 WHERE task_id IN (
    SELECT task_id FROM generate_record
    WHERE id = (SELECT value FROM fooocusd_counter WHERE name = 'stopping'))`,
  "DELETE FROM fooocusd_counter WHERE name = 'stopping'",
];
