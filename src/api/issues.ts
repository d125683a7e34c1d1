import type { Json } from "./json.ts";

/** One problem of a request in FastAPI's shape; keys in this order. */
export type Issue = Readonly<{
  type: string;
  loc: readonly (string | number)[];
  msg: string;
  input: Json;
  ctx?: Readonly<Record<string, unknown>>;
}>;

/** A request that is not what its schema says: every problem at once. */
export class InvalidRequest extends Error {
  readonly issues: readonly Issue[];
  /** What was sent, where the answer shows it too: on the older API's routes. */
  readonly body: Json | undefined;

  constructor(issues: readonly Issue[], body?: Json) {
    super(issues.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; "));
    this.issues = issues.map((issue) => ({ ...issue, input: shortened(issue.input) }));
    this.body = body === undefined ? undefined : shortened(body);
  }
}

const longest = 2000;

/** Echoes are for people: an image in base64 is cut. */
export function shortened(input: Json): Json {
  if (typeof input === "string" && input.length > longest) {
    return `${input.slice(0, 100)}... (${input.length} characters)`;
  }
  if (typeof input !== "object" || input === null) return input;
  if (Array.isArray(input)) return input.map((item: Json) => shortened(item));
  return Object.fromEntries(Object.entries(input).map(([key, value]) => [key, shortened(value)]));
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
