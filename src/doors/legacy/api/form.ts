import { type TSchema, TypeGuard } from "@sinclair/typebox";
import { fileValue } from "#/api/form-file.ts";
import { InvalidRequest, type Issue } from "#/api/issues.ts";
import { HugeNumber, type Json, type JsonObject, JsonSyntaxError, parseJson } from "#/api/json.ts";
import { readBody } from "#/api/read.ts";
import { type LegacyWords, onlyGiven } from "./words.ts";

/** A file of a form; the reader sees it as a data URI, OpenAPI as bytes. */
export const fileFormat = "binary";

/**
 * What a form says, in the words of JSON: `echo` is for error answers, with files by their names; `unknown` are the names of
 * its parts that no field has, and `unread` those of fields that mean their defaults because they could not be read.
 */
export type ReadForm = Readonly<{
  echo: JsonObject;
  values: JsonObject;
  issues: readonly Issue[];
  unknown: readonly string[];
  unread: readonly string[];
}>;

/**
 * The fields of a multipart form as JSON: texts stay texts, lists are repeated fields or have commas, `loras` and
 * `advanced_params` are JSON texts, files become data URIs. An empty text is a field that was not given, but an
 * empty list is an empty list.
 */
export async function readForm(form: FormData, schema: TSchema): Promise<ReadForm> {
  const properties: Readonly<Record<string, TSchema>> = TypeGuard.IsObject(schema) ? schema.properties : {};
  const echo: Record<string, Json> = {};
  const values: Record<string, Json> = {};
  const issues: Issue[] = [];
  const unread: string[] = [];
  for (const [name, property] of Object.entries(properties)) {
    const given = form.getAll(name);
    if (given.length === 0) continue;
    const shown = given.map((part) =>
      typeof part === "string" ? part : `<file ${part.name || "without a name"}>`,
    );
    echo[name] = shown.length === 1 ? (shown[0] ?? null) : shown;
    const value = await valueOf(name, property, given, issues);
    if (value !== undefined) values[name] = value;
    else if (property.lenient === true && given.at(-1) !== "") unread.push(name);
  }
  const unknown = [...new Set(form.keys())].filter((name) => !Object.hasOwn(properties, name));
  return { echo, values, issues, unknown, unread };
}

/**
 * A form's values against their schema.
 *
 * @throws InvalidRequest with every problem; a missing field has no `input`, since a form is no object
 */
export function checkForm(schema: TSchema, { values, issues }: ReadForm): LegacyWords {
  const problems = [...issues];
  try {
    const body = readBody(schema, values);
    if (problems.length === 0) return onlyGiven(body, values);
  } catch (thrown) {
    if (!(thrown instanceof InvalidRequest)) throw thrown;
    const unread = new Set(issues.map(({ loc }) => loc[1]));
    for (const issue of thrown.issues) {
      if (issue.type !== "missing") problems.push(issue);
      else if (!unread.has(issue.loc[1] ?? "")) problems.push({ ...issue, input: null });
    }
  }
  throw new InvalidRequest(problems);
}

type Part = string | File;

/** @returns the field's value as JSON, or undefined if it was not given (or is a problem, which is noted) */
async function valueOf(
  name: string,
  property: TSchema,
  given: readonly Part[],
  issues: Issue[],
): Promise<Json | undefined> {
  const loc = ["body", name];
  const last = given.at(-1) ?? "";
  if (isFile(property)) return await fileIn(last, loc, issues);
  const texts = given.filter((part) => typeof part === "string");
  if (texts.length < given.length) {
    issues.push({ type: "string_type", loc, msg: "Input should be a valid string", input: "a file" });
    return undefined;
  }
  if (property.jsonText === true) return jsonValue(texts.at(-1) ?? "", property, loc, issues);
  if (TypeGuard.IsArray(property)) {
    return texts
      .flatMap((text) => text.split(","))
      .map((text) => text.trim())
      .filter((text) => text !== "");
  }
  return last === "" ? undefined : texts.at(-1);
}

const isFile = (schema: TSchema): boolean =>
  schema.format === fileFormat || (TypeGuard.IsUnion(schema) && schema.anyOf.some(isFile));

async function fileIn(part: Part, loc: Issue["loc"], issues: Issue[]): Promise<string | undefined> {
  if (part === "") return undefined;
  if (typeof part === "string") {
    const msg = "Value error, Expected UploadFile, received: <class 'str'>";
    issues.push({ type: "value_error", loc, msg, input: part, ctx: { error: {} } });
    return undefined;
  }
  return await fileValue(part);
}

/** A JSON text inside a field. `lenient` ones mean their defaults if they are none, as the legacy API has it. */
function jsonValue(text: string, property: TSchema, loc: Issue["loc"], issues: Issue[]): Json | undefined {
  if (text === "") return undefined;
  try {
    const value = parseJson(text);
    if (property.lenient === true) readBody(property, value);
    return value;
  } catch (thrown) {
    const isNoJson = thrown instanceof JsonSyntaxError || thrown instanceof HugeNumber;
    if (property.lenient === true && (isNoJson || thrown instanceof InvalidRequest)) return undefined;
    if (!isNoJson) throw thrown;
    const error =
      thrown instanceof HugeNumber ? thrown.message : `${thrown.message} at character ${thrown.offset}`;
    issues.push({ type: "json_invalid", loc, msg: `Invalid JSON: ${error}`, input: text, ctx: { error } });
    return undefined;
  }
}
