import { type Json, writeJson } from "./json.ts";

/** One problem of a request in FastAPI's shape; keys in this order. */
export type Issue = Readonly<{
  type: string;
  loc: readonly (string | number)[];
  msg: string;
  input: Json;
  ctx?: Readonly<Record<string, unknown>>;
}>;

/** A part of a path as a step of `loc`: a place in a list is a number. */
export const locOf = (part: string): string | number => (/^\d+$/.test(part) ? Number(part) : part);

/** A request that is not what its schema says: every problem at once. */
export class InvalidRequest extends Error {
  readonly issues: readonly Issue[];
  /** What was sent, where the answer shows it too: on the legacy API's routes. */
  readonly body: Json | undefined;

  constructor(issues: readonly Issue[], body?: Json) {
    super(
      issues
        .slice(0, mostIssues)
        .map(({ loc, msg }) => `${loc.join(".")}: ${msg}`)
        .join("; "),
    );
    const echo = echoes();
    this.issues = issues.slice(0, mostIssues).map((issue) => ({ ...issue, input: echo(issue.input) }));
    this.body = body === undefined ? undefined : shortened(body);
  }
}

/** Problems that one answer names; who mends a hundred will ask again. */
export const mostIssues = 100;

const longest = 2000;

/** Characters that the echoes of one answer may have together, and values that one echo may. */
const echoed = 20_000;
const mostEchoed = 200;

/** Shortens the inputs of one answer: each as it is, as long as all of them together stay an answer and are no copy of the request. */
function echoes(): (input: Json) => Json {
  let left = echoed;
  return (input) => {
    const echo = shortened(input);
    const { length } = writeJson(echo);
    left -= length;
    return left >= 0 ? echo : `... (${length} characters)`;
  };
}

/** Echoes are for people: an image in base64 is cut, and so is a list of thousands. */
export function shortened(input: Json): Json {
  let values = mostEchoed;
  const cut = (value: Json): Json => {
    if (typeof value === "string" && value.length > longest)
      return `${value.slice(0, 100)}... (${value.length} characters)`;
    if (typeof value === "bigint" && value.toString().length > longest) return "... (a number)";
    if (typeof value !== "object" || value === null) return value;
    const items = Array.isArray(value) ? value : Object.entries(value);
    const shown = items.slice(0, Math.max(0, values));
    values -= shown.length;
    const more = items.length - shown.length;
    if (Array.isArray(value))
      return [...shown.map((item: Json) => cut(item)), ...(more > 0 ? [`... (${more} more)`] : [])];
    const entries = (shown as [string, Json][]).map(([key, item]): [string, Json] => [
      key.length > longest ? `${key.slice(0, 100)}... (${key.length} characters)` : key,
      cut(item),
    ]);
    return Object.fromEntries(more > 0 ? [...entries, ["...", `(${more} more)`]] : entries);
  };
  const result = cut(input);
  const { length } = writeJson(result);
  if (length <= echoed) return result;
  // Many texts, each of them short enough.
  return `${writeJson(result).slice(0, 100)}... (${length} characters)`;
}

/** The sentences of the contract (http-api section 1.6) that need no values. */
export const sentences = {
  missing: "Field required",
  string_type: "Input should be a valid string",
  int_type: "Input should be a valid integer",
  int_parsing: "Input should be a valid integer, unable to parse string as an integer",
  int_parsing_size: "Unable to parse input string as an integer, exceeded maximum size",
  int_from_float: "Input should be a valid integer, got a number with a fractional part",
  float_type: "Input should be a valid number",
  float_parsing: "Input should be a valid number, unable to parse string as a number",
  bool_type: "Input should be a valid boolean",
  bool_parsing: "Input should be a valid boolean, unable to interpret input",
  list_type: "Input should be a valid list",
  model_attributes_type: "Input should be a valid dictionary or object to extract fields from",
} as const satisfies Record<string, string>;

/** `'A', 'B' or 'C'` */
export function alternatives(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`);
  const last = quoted.pop() ?? "";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}
