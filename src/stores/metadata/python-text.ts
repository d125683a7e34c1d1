import { asciiJson } from "#/api/json.ts";

/**
 * Values as Python prints them, because the readers of these texts are Python programs that parse them back with
 * `json`, `ast.literal_eval` or a regular expression.
 */

/** A float: `4.0`, `1.5`, `1e-05`. */
export function pyFloat(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return value.toFixed(1);
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

/** A tuple of floats: `(1.5, 0.8, 0.3)`. */
export const pyTuple = (values: readonly number[]): string => `(${values.map(pyFloat).join(", ")})`;

/** A list of texts: `['Fooocus V2', 'it\'s']`, with double quotes where Python prefers them. */
export const pyList = (values: readonly string[]): string => `[${values.map(pyString).join(", ")}]`;

function pyString(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const body = value
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    .replaceAll(quote, `\\${quote}`);
  return `${quote}${body}${quote}`;
}

/** The inverse of {@link pyList}; undefined where the text is not such a list. */
export function readPyList(text: string): string[] | undefined {
  const inner = /^\s*\[([\s\S]*)\]\s*$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  // A quotation mark that nothing closes takes the rest, or each escaped one in it would begin a search of its own.
  const items = [...inner.matchAll(/(['"])((?:(?!\1)[^\\]|\\.)*)(\1|\\?$)/gs)];
  return items.flatMap(([, quote, text = "", end]) => (end === quote ? [unescape(text)] : []));
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
const unescape = (text: string): string =>
  text.replace(/\\(.)/gs, (_whole, letter: string) => escapes[letter] ?? letter);

/** Marks a number that Python holds as a float, so that {@link pyJson} prints it with a decimal point. */
export type PyFloat = Readonly<{ float: number }>;
export type PyValue = string | number | boolean | null | bigint | PyFloat | readonly PyValue[];

/** One JSON object as `json.dumps(..., sort_keys=True)` writes it: spaces after `,` and `:`, everything in ASCII. */
export function pyJson(object: Readonly<Record<string, PyValue>>): string {
  const keys = Object.keys(object).sort();
  return `{${keys.map((key) => `${asciiJson(key)}: ${pyJsonValue(object[key] ?? null)}`).join(", ")}}`;
}

function pyJsonValue(value: PyValue): string {
  if (typeof value === "string") return asciiJson(value);
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if ("float" in value) return pyFloat(value.float);
  return `[${value.map(pyJsonValue).join(", ")}]`;
}
