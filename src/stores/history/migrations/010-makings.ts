/** What pictures were made of stays known as long as their task. */
export const makings: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS fooocusd_making (task_id TEXT NOT NULL PRIMARY KEY, making BLOB NOT NULL)",
];
