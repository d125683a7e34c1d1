/** A kept input's name is 64 hex digits and `.png`, at the end of an address of ours. */
const nameLength = 68;
const folder = "/inputs/";

/** Whether a text in a request is such an address. */
const isInput = `value LIKE 'http%' AND substr(value, -${nameLength + folder.length}, ${folder.length}) = '${folder}'
  AND substr(value, -4) = '.png' AND substr(value, -${nameLength}, 64) NOT GLOB '*[^0-9a-f]*'`;

/**
 * Notes which inputs are named by rows that are not noted yet. Another program may have left anything in a column.
 *
 * @param where which rows
 */
export const noteInputs = (where: string): string =>
  `INSERT OR IGNORE INTO fooocusd_input (task_id, name)
    SELECT task_id, substr(value, -${nameLength})
    FROM generate_record, json_tree(
      iif(typeof(req_params) = 'text' AND instr(req_params, '${folder}') > 0 AND json_valid(req_params), req_params, '{}'))
    WHERE type = 'text' AND ${isInput} AND ${where}`;

/**
 * Which inputs a row names, so that one that is shared outlives a deletion; and which files no row names any more, so that a
 * deletion that is broken off is gone on with.
 */
export const filesOfRows: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS fooocusd_input (
    name TEXT NOT NULL, task_id TEXT NOT NULL, PRIMARY KEY (name, task_id)) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS ix_fooocusd_input_task ON fooocusd_input (task_id)",
  `CREATE TABLE IF NOT EXISTS fooocusd_unwanted (
    kind TEXT NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (kind, folder, name)) WITHOUT ROWID`,
  noteInputs("TRUE"),
];
