/** Rows of one statement: its values are counted by 16 bits. */
const mostRows = 1000;

/** Inserts any number of rows, in as few statements as there may be; none for none. */
export async function insertAll<Row>(
  rows: readonly Row[],
  insert: (some: Row[]) => PromiseLike<unknown>,
): Promise<void> {
  for (let at = 0; at < rows.length; at += mostRows) await insert(rows.slice(at, at + mostRows));
}
