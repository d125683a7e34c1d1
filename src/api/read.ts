import { type Static, type TObject, type TProperties, type TSchema, TypeGuard } from "@sinclair/typebox";
import { alternatives, InvalidRequest, type Issue, mostIssues, sentences } from "./issues.ts";
import {
  HugeNumber,
  isJsonObject,
  type Json,
  type JsonObject,
  JsonSyntaxError,
  mostDigits,
  parseJson,
} from "./json.ts";

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

const undecodable = "There was an error parsing the body";

/**
 * A body as JSON, with the contract's words for what is none. Nothing at all reads as null.
 *
 * @param contentType a body without one is JSON. Of another type, it is JSON if it holds an object, else its text.
 * @throws InvalidRequest `json_invalid` with the offset; UndecodableBody
 */
export function readJson(bytes: Uint8Array, contentType: string | null = null): Json {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UndecodableBody(undecodable);
  }
  if (text === "") return null;
  const declared = contentType === null || isJsonType(contentType);
  try {
    const value = parseJson(text);
    return declared || isJsonObject(value) ? value : text;
  } catch (thrown) {
    if (thrown instanceof HugeNumber) throw new UndecodableBody(undecodable);
    if (!(thrown instanceof JsonSyntaxError)) throw thrown;
    if (!declared) return text;
    const ctx = { error: thrown.message };
    throw new InvalidRequest([
      { type: "json_invalid", loc: ["body", thrown.offset], msg: "JSON decode error", input: {}, ctx },
    ]);
  }
}

const isJsonType = (contentType: string): boolean =>
  /^application\/(?:[^;\s]+\+)?json$/.test(contentType.toLowerCase().split(";")[0]?.trim() ?? "");

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

/**
 * Query parameters against their schemas, all at once: converted, or their default where they are not given. Of one that
 * is given twice the last counts.
 *
 * @throws InvalidRequest with every problem, in the order of the schemas
 */
export function readQueries<T extends TProperties>(schemas: T, query: URLSearchParams): Static<TObject<T>> {
  const issues: Issue[] = [];
  const values = Object.entries(schemas).map(([name, schema]) => {
    const given = query.getAll(name).at(-1);
    return [name, given === undefined ? schema.default : convert(schema, given, ["query", name], issues)];
  });
  if (issues.length > 0) throw new InvalidRequest(issues);
  // Each was converted by its own schema.
  return Object.fromEntries(values) as Static<TObject<T>>;
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
    return isTooLong(schema, input, loc, issues) ? null : convertItems(schema, input, loc, issues);
  }
  if (Array.isArray(schema.enum))
    return convertChoice(schema.enum.map(String), spelled(schema, input), loc, issues);
  switch (schema.type) {
    case "string":
      return typeof input === "string" || (input === null && schema.takesNull === true)
        ? input
        : fail("string_type");
    case "boolean":
      return toBoolean(input) ?? fail(isBooleanLike(input) ? "bool_parsing" : "bool_type");
    case "integer":
      return convertInteger(schema, input, loc, issues);
    default:
      return convertNumber(schema, input, loc, issues);
  }
}

/** A list that is too long is not looked into: what is wrong with its items would be told as often. */
function isTooLong({ maxItems }: TSchema, input: readonly Json[], loc: Loc, issues: Issue[]): boolean {
  const most: unknown = maxItems;
  if (typeof most !== "number" || input.length <= most) return false;
  const msg = `List should have at most ${most} items after validation, not ${input.length}`;
  const ctx = { field_type: "List", max_length: most, actual_length: input.length };
  issues.push({ type: "too_long", loc, msg, input, ctx });
  return true;
}

function convertItems(schema: TSchema, input: readonly Json[], loc: Loc, issues: Issue[]): Converted {
  const items: Converted[] = [];
  for (const [index, item] of input.entries()) {
    if (issues.length >= mostIssues) break;
    items.push(convert(schema.items, item, [...loc, index], issues));
  }
  return items;
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

/** What another way to write a choice means; everything else as it is. */
function spelled({ spellings }: TSchema, input: Json): Json {
  const means: unknown = isRecord(spellings) && typeof input === "string" ? spellings[input] : undefined;
  return typeof means === "string" ? means : input;
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
    if (digits === undefined || digits.length > mostDigits) return fail("int_parsing");
    value = BigInt(digits.replace("+", ""));
  } else return fail("int_type");
  const beyond = boundIssue(schema, value, input, loc);
  if (beyond !== undefined) issues.push(beyond);
  if (schema.big === true) return value;
  // Beyond all numbers there is nothing that could be kept, and nothing that it could mean.
  if (beyond === undefined && !Number.isFinite(Number(value))) return fail("int_parsing_size");
  return Number(value);
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
    if (!/^\s*[+-]?(\d+(_\d+)*(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(input)) return fail("float_parsing");
    value = Number(input.replaceAll("_", ""));
  } else return fail("float_type");
  if (!Number.isFinite(value)) return fail("float_type");
  const beyond = boundIssue(schema, value, input, loc);
  if (beyond !== undefined) issues.push(beyond);
  return value;
}

/** What is wrong with a number that is beyond its schema's bounds; of a real one, bounds are written as Python does. */
function boundIssue(schema: TSchema, value: number | bigint, input: Json, loc: Loc): Issue | undefined {
  const isReal = schema.type !== "integer";
  const bound = (limit: number): unknown =>
    isReal && Number.isInteger(limit) ? JSON.rawJSON(limit.toFixed(1)) : limit;
  if (typeof schema.minimum === "number" && value < schema.minimum) {
    const msg = `Input should be greater than or equal to ${schema.minimum}`;
    return { type: "greater_than_equal", loc, msg, input, ctx: { ge: bound(schema.minimum) } };
  }
  if (typeof schema.maximum === "number" && value > schema.maximum) {
    const msg = `Input should be less than or equal to ${schema.maximum}`;
    return { type: "less_than_equal", loc, msg, input, ctx: { le: bound(schema.maximum) } };
  }
  // What a whole number must stay below may be no number of JavaScript's itself: 2^63 is one, 2^63 - 1 is none.
  if (typeof schema.exclusiveMaximum === "number" && value >= schema.exclusiveMaximum) {
    const limit = isReal ? schema.exclusiveMaximum : BigInt(schema.exclusiveMaximum);
    const ctx = { lt: isReal ? bound(schema.exclusiveMaximum) : limit };
    return { type: "less_than", loc, msg: `Input should be less than ${limit}`, input, ctx };
  }
  return undefined;
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
