/**
 * The rows of a text of values that are separated by commas (RFC 4180): a field in quotation marks may hold commas, line ends and,
 * doubled, quotation marks. Rows without anything are left out.
 */
export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^,\r\n]*))(,|\r\n|\n|\r|$)/gy;
  const whole = text.replace(/^\ufeff/, "");
  while (field.lastIndex < whole.length) {
    const found = field.exec(whole);
    // What is in no quotation marks, or in some that do not end, is a field as it is: something is always found.
    if (found === null) return rows;
    const [, quoted, plain = "", end] = found;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}
