/** What was asked for under a key of its client's stays known, whatever becomes of the task. */
export const requestKeys: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS fooocusd_key (
    key TEXT NOT NULL PRIMARY KEY,
    task_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    warnings TEXT NOT NULL,
    kept_at INTEGER NOT NULL
  )`,
  "CREATE INDEX IF NOT EXISTS ix_fooocusd_key_kept ON fooocusd_key (kept_at)",
];
