import { type TSchema, TypeGuard } from "@sinclair/typebox";
import { alternatives, InvalidRequest, type Issue, sentences } from "./issues.ts";
import { isJsonObject, type Json, type JsonObject, JsonSyntaxError, parseJson } from "./json.ts";

type Loc = Issue["loc"];
type Sentence = keyof typeof sentences;

/** A converted value: what the schema says, with whole numbers of any size as bigints where the schema asks for it. */
export type Converted =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Converted[]
  | { readonly [key: string]: Converted };

/** The body was not text in UTF-8; the contract answers it with 400. */
export class UndecodableBody extends Error {}

/**
 * Bytes to JSON, with the contract's words for what is no JSON.
 *
 * @throws InvalidRequest `missing` for an empty body or null, `json_invalid` with the offset; UndecodableBody
 */
export function readJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UndecodableBody("There was an error parsing the body");
  }
  if (text === "")
    throw new InvalidRequest([{ type: "missing", loc: ["body"], msg: sentences.missing, input: null }]);
  try {
    return parseJson(text);
  } catch (thrown) {
    if (!(thrown instanceof JsonSyntaxError)) throw thrown;
    const ctx = { error: thrown.message };
    throw new InvalidRequest([
      { type: "json_invalid", loc: ["body", thrown.offset], msg: "JSON decode error", input: {}, ctx },
    ]);
  }
}

/**
 * A JSON body against an object schema, as pydantic's lax mode converts: `"3"`, `2.0` and `true` are whole numbers,
 * `"yes"` is true, numbers are never texts. Only the keys that are present come back; unknown ones are ignored.
 *
 * @throws InvalidRequest with every problem, in the order of the schema
 */
export function readBody(schema: TSchema, body: Json): { readonly [key: string]: Converted } {
  if (body === null) {
    throw new InvalidRequest([{ type: "missing", loc: ["body"], msg: sentences.missing, input: null }]);
  }
  const issues: Issue[] = [];
  const value = convert(schema, body, ["body"], issues);
  if (issues.length > 0) throw new InvalidRequest(issues);
  return isRecord(value) ? value : {};
}

/** One query parameter against its schema; the same rules as a body's. */
export function readQuery(schema: TSchema, name: string, value: string): Converted {
  const issues: Issue[] = [];
  const converted = convert(schema, value, ["query", name], issues);
  if (issues.length > 0) throw new InvalidRequest(issues);
  return converted;
}

const isRecord = (value: unknown): value is { readonly [key: string]: Converted } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function convert(schema: TSchema, input: Json, loc: Loc, issues: Issue[]): Converted {
  const fail = (type: Sentence): null => {
    issues.push({ type, loc, msg: sentences[type], input });
    return null;
  };
  if (TypeGuard.IsUnion(schema)) {
    const [inner] = schema.anyOf;
    return input === null || inner === undefined ? null : convert(inner, input, loc, issues);
  }
  if (TypeGuard.IsObject(schema))
    return isJsonObject(input) ? convertObject(schema, input, loc, issues) : fail("model_attributes_type");
  if (TypeGuard.IsArray(schema)) {
    if (!Array.isArray(input)) return fail("list_type");
    return input.map((item: Json, index) => convert(schema.items, item, [...loc, index], issues));
  }
  if (Array.isArray(schema.enum)) return convertChoice(schema.enum.map(String), input, loc, issues);
  switch (schema.type) {
    case "string":
      return typeof input === "string" ? input : fail("string_type");
    case "boolean":
      return toBoolean(input) ?? fail(isBooleanLike(input) ? "bool_parsing" : "bool_type");
    case "integer":
      return convertInteger(schema, input, loc, issues);
    default:
      return convertNumber(schema, input, loc, issues);
  }
}

function convertObject(schema: TSchema, input: JsonObject, loc: Loc, issues: Issue[]): Converted {
  const required: readonly string[] = Array.isArray(schema.requiredKeys)
    ? schema.requiredKeys.map(String)
    : [];
  const result: Record<string, Converted> = {};
  const properties: Readonly<Record<string, TSchema>> = schema.properties;
  for (const [name, property] of Object.entries(properties)) {
    const value = Object.hasOwn(input, name) ? input[name] : undefined;
    if (value !== undefined) result[name] = convert(property, value, [...loc, name], issues);
    else if (required.includes(name))
      issues.push({ type: "missing", loc: [...loc, name], msg: sentences.missing, input });
    else if (required.length > 0 || loc.length > 1) result[name] = property.default;
  }
  return result;
}

function convertChoice(values: readonly string[], input: Json, loc: Loc, issues: Issue[]): Converted {
  if (typeof input === "string" && values.includes(input)) return input;
  const expected = alternatives(values);
  issues.push({ type: "enum", loc, msg: `Input should be ${expected}`, input, ctx: { expected } });
  return null;
}

function convertInteger(schema: TSchema, input: Json, loc: Loc, issues: Issue[]): Converted {
  const fail = (type: Sentence): null => {
    issues.push({ type, loc, msg: sentences[type], input });
    return null;
  };
  let value: bigint;
  if (typeof input === "boolean") value = input ? 1n : 0n;
  else if (typeof input === "bigint") value = input;
  else if (typeof input === "number") {
    if (!Number.isInteger(input)) return fail("int_from_float");
    value = BigInt(input);
  } else if (typeof input === "string") {
    const digits = /^\s*([+-]?\d+(?:_\d+)*)(?:\.0*)?\s*$/.exec(input)?.[1]?.replaceAll("_", "");
    if (digits === undefined) return fail("int_parsing");
    value = BigInt(digits.replace("+", ""));
  } else return fail("int_type");
  checkBounds(schema, Number(value), false, input, loc, issues);
  return schema.big === true ? value : Number(value);
}

function convertNumber(schema: TSchema, input: Json, loc: Loc, issues: Issue[]): Converted {
  const fail = (type: Sentence): null => {
    issues.push({ type, loc, msg: sentences[type], input });
    return null;
  };
  let value: number;
  if (typeof input === "number") value = input;
  else if (typeof input === "bigint" || typeof input === "boolean") value = Number(input);
  else if (typeof input === "string") {
    if (!/^\s*[+-]?(\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(input)) return fail("float_parsing");
    value = Number(input.replaceAll("_", ""));
  } else return fail("float_type");
  if (!Number.isFinite(value)) return fail("float_type");
  checkBounds(schema, value, true, input, loc, issues);
  return value;
}

function checkBounds(
  schema: TSchema,
  value: number,
  real: boolean,
  input: Json,
  loc: Loc,
  issues: Issue[],
): void {
  const bound = (limit: number): unknown =>
    real && Number.isInteger(limit) ? JSON.rawJSON(limit.toFixed(1)) : limit;
  if (typeof schema.minimum === "number" && value < schema.minimum) {
    const msg = `Input should be greater than or equal to ${schema.minimum}`;
    issues.push({ type: "greater_than_equal", loc, msg, input, ctx: { ge: bound(schema.minimum) } });
  } else if (typeof schema.maximum === "number" && value > schema.maximum) {
    const msg = `Input should be less than or equal to ${schema.maximum}`;
    issues.push({ type: "less_than_equal", loc, msg, input, ctx: { le: bound(schema.maximum) } });
  }
}

const yes = ["1", "t", "true", "y", "yes", "on"];
const no = ["0", "f", "false", "n", "no", "off"];

function toBoolean(input: Json): boolean | undefined {
  if (typeof input === "boolean") return input;
  if (input === 1) return true;
  if (input === 0) return false;
  if (typeof input !== "string") return undefined;
  const word = input.toLowerCase();
  if (yes.includes(word)) return true;
  return no.includes(word) ? false : undefined;
}

/** Whole numbers and texts could have been booleans, so the message is about their value, not their type. */
const isBooleanLike = (input: Json): boolean =>
  typeof input === "string" ||
  typeof input === "bigint" ||
  (typeof input === "number" && Number.isInteger(input));
