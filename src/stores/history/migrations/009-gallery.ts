/**
 * Tasks that somebody wants to keep have a star, in a table of its own: a row of the reference has no row of ours, and to give
 * it one would be to take it for a task of ours that never ended. And what of requests is searched for: which rows are in the
 * index, which models and styles they name, and the words of their prompts, whose text is not kept twice.
 */
export const gallery: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS fooocusd_star (task_id TEXT NOT NULL PRIMARY KEY)",
  "CREATE TABLE IF NOT EXISTS fooocusd_indexed (record INTEGER PRIMARY KEY, task_id TEXT NOT NULL)",
  `CREATE TABLE IF NOT EXISTS fooocusd_named (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (kind, name, record)
  )`,
  "CREATE INDEX IF NOT EXISTS ix_fooocusd_named_record ON fooocusd_named (record)",
  `CREATE VIRTUAL TABLE IF NOT EXISTS fooocusd_words USING fts5 (
    prompt, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2")`,
];
