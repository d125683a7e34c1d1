import type { TSchema } from "@sinclair/typebox";
import { ErrorAnswer, HTTPValidationError } from "./answers.ts";
import { CommonRequest } from "./generate.ts";
import { type JsonObject, writeJson } from "./json.ts";

/** What a route says of itself beyond method and path; the words are OpenAPI's, the schemas TypeBox's. */
export type Described = Readonly<{
  hide?: boolean;
  operationId?: string;
  summary?: string;
  tags?: readonly string[];
  parameters?: readonly unknown[];
  requestBody?: unknown;
  responses?: Readonly<Record<string, unknown>>;
}>;

/** A route as the server declares it, path parameters written `:name`. */
export type DescribedRoute = Readonly<{
  method: string;
  path: string;
  /** Whether it asks for the key, where one is set. */
  keyed: boolean;
  /** What its door answers where the key is missing, and where the request has problems. */
  refusals: RouteRefusals;
  detail: Described | undefined;
}>;

/** What is refused alike on every route of a door. */
export type RouteRefusals = Readonly<
  Record<"key" | "problems", Readonly<{ status: number; schema: TSchema }>>
>;

/** What a door answers to a request with problems, and to one that is refused in a sentence. */
export type RefusalSchemas = Readonly<{ problems: TSchema; sentence: TSchema }>;

/** FastAPI's form of them. */
export const plainRefusals: RefusalSchemas = { problems: HTTPValidationError, sentence: ErrorAnswer };

type Tree = { [key: string]: unknown };

/** The name is the reference's: generated clients are called after it. */
const info = {
  title: "FastAPI",
  version: "0.1.0",
  description: "fooocusd: pictures from SDXL checkpoints, in the words of FooocusAPI.",
};
/** A group of routes. */
export type OpenApiTag = Readonly<{ name: string; description: string }>;

/** The two forms of the key; the first is the reference's. */
const keySchemes = {
  APIKeyHeader: { type: "apiKey", in: "header", name: "X-API-KEY" },
  APIKeyBearer: { type: "http", scheme: "bearer" },
};

/** Answers that are pictures, for a route's description. */
export const pictureContent = Object.fromEntries(
  ["png", "jpeg", "webp"].map((kind) => [
    `image/${kind}`,
    { schema: { type: "string" as const, format: "binary" } },
  ]),
);

/** A query parameter for a route's description. */
export const queryParameter = (name: string, schema: TSchema, required = false) =>
  ({ name, in: "query", required, schema, description: schema.description ?? name }) as const;

/** A body of JSON for a route's description; `example` is what the page offers to try, if not every field's default. */
export const jsonRequest = (schema: TSchema, example?: JsonObject) =>
  ({
    required: true,
    content: { "application/json": example === undefined ? { schema } : { schema, example } },
  }) as const;

/** A form with files for a route's description. */
export const formRequest = (schema: TSchema) =>
  ({ required: true, content: { "multipart/form-data": { schema } } }) as const;

/** An answer of JSON for a route's description. */
export const jsonAnswer = (schema: TSchema, description = "Successful Response") =>
  ({ description, content: { "application/json": { schema } } }) as const;

/** An answer of the main door that says in a sentence why not, for a route's description. */
export const refusalAnswer = (description: string) => jsonAnswer(ErrorAnswer, description);

/**
 * The OpenAPI document of the routes. Schemas with a title become named ones under `components`, wherever they are
 * used, since the names are what generated clients are made of.
 *
 * @param tags    the groups of routes in the order of the pages
 * @param applied what fields of a request mean here that are not said, by their names: clients that are generated send
 *   what they read here as the default
 */
export function openApiDocument(
  routes: readonly DescribedRoute[],
  tags: readonly OpenApiTag[],
  applied: Readonly<Record<string, unknown>> = {},
): string {
  const named: Tree = {};
  const paths: Record<string, Tree> = {};
  for (const route of routes) {
    const { method, path, detail } = route;
    if (detail?.hide === true || method === "WS") continue;
    const at = path.replaceAll(/:([^/]+)/g, "{$1}");
    paths[at] = {
      ...paths[at],
      [method.toLowerCase()]: hoisted(operationOf(route, detail ?? {}), named),
    };
  }
  const schemas = Object.fromEntries(
    Object.entries(named)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, schema]) => [name, withDefaults(schema as Tree, applied)]),
  );
  const components = { schemas, securitySchemes: keySchemes };
  return writeJson({ openapi: "3.1.0", info, tags, paths, components });
}

/** What the parameters in paths are, wherever they occur. */
const pathWords: Readonly<Record<string, string>> = {
  task_id: "32 hexadecimal digits.",
  dir_name: "The day, such as 2026-01-31.",
  date: "The day, such as 2026-01-31.",
  file_name: "The file's name.",
  model: "A model's name; a slash in it is written %2F.",
};

function operationOf(
  { path, keyed, refusals: { key, problems } }: DescribedRoute,
  detail: Omit<Described, "hide">,
): Tree {
  const inPath = [...path.matchAll(/:([^/]+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
    description: pathWords[name ?? ""],
  }));
  const isOneOfSeveral = bodiesOf(detail.requestBody).length > 1;
  const parameters = [...inPath, ...(detail.parameters ?? []), ...(isOneOfSeveral ? [requestId] : [])];
  const checked = parameters.length > 0 || detail.requestBody !== undefined;
  return {
    ...detail,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(keyed ? { security: [{ APIKeyHeader: [] }, { APIKeyBearer: [] }] } : {}),
    responses: {
      ...(detail.responses === undefined ? { 200: { description: "Successful Response" } } : {}),
      ...(keyed ? { [key.status]: jsonAnswer(key.schema, "No key, or a wrong one.") } : {}),
      ...(checked ? { [problems.status]: jsonAnswer(problems.schema, "Validation Error") } : {}),
      ...detail.responses,
    },
  };
}

/**
 * What every request may have. It is told where a body may be of several types: openapi-python-client writes a module that
 * cannot be imported for such an operation, unless it has something optional.
 */
const requestId = {
  name: "X-Request-Id",
  in: "header",
  schema: { type: "string", maxLength: 128 },
  description: "What the request is called in the server's log, one plain word; the answer says it too.",
};

const bodiesOf = (requestBody: unknown): readonly string[] =>
  typeof requestBody === "object" && requestBody !== null && "content" in requestBody
    ? Object.keys(requestBody.content ?? {})
    : [];

/** A schema whose fields have the defaults that apply here, where theirs is the contract's. */
function withDefaults(schema: Tree, applied: Readonly<Record<string, unknown>>): Tree {
  const { properties } = schema;
  if (typeof properties !== "object" || properties === null) return schema;
  const contract: Readonly<Record<string, TSchema>> = CommonRequest.properties;
  const own = Object.entries(properties as Readonly<Record<string, Tree>>).map(([name, field]) => {
    const isContracts = applied[name] !== undefined && Bun.deepEquals(field.default, contract[name]?.default);
    return [name, isContracts ? { ...field, default: applied[name] } : field];
  });
  return { ...schema, properties: Object.fromEntries(own) };
}

/** A copy in which titled schemas are references; what they stand for is put into `named`. */
function hoisted(value: unknown, named: Tree): unknown {
  if (Array.isArray(value)) return value.map((item) => hoisted(item, named));
  if (typeof value !== "object" || value === null) return value;
  const { title, default: fallback, description, ...schema } = value as Tree;
  const isObject = schema.type === "object";
  if (typeof title !== "string" || !(isObject || Array.isArray(schema.enum)))
    return copied(value as Tree, named);
  // What an object is, is said where it is named; what a choice is for, where it is used.
  const said = description === undefined ? {} : { description };
  named[title] ??= copied({ ...schema, title, ...(isObject ? said : {}) }, named);
  return {
    $ref: `#/components/schemas/${title}`,
    ...(isObject ? {} : said),
    ...(fallback === undefined || isEmptyObject(fallback) ? {} : { default: fallback }),
  };
}

/** Without our own marks. `requiredKeys` is what a request must have; TypeBox's `required` is what its reader gets. */
function copied(schema: Tree, named: Tree): Tree {
  const required = schema.requiredKeys ?? schema.required;
  const isEmpty = Array.isArray(required) && required.length === 0;
  const rest = Object.entries(schema).filter(
    ([key, item]) => !(ownMarks.includes(key) || (key === "default" && isEmptyObject(item))),
  );
  return {
    ...Object.fromEntries(rest.map(([key, item]) => asGeneratorsKnow(key, hoisted(item, named), named))),
    ...(required === undefined || isEmpty ? {} : { required }),
  };
}

/** A table whose keys may be anything: TypeBox says so by a pattern, which generators pass over. */
const anyKey = "^(.*)$";

/**
 * A word of a schema, said in the one of several ways that generators make the most of. Of alternatives of which one can hold,
 * openapi-generator makes a type that may be any of them; of `anyOf`, an object with all their fields, which a list is not.
 */
function asGeneratorsKnow(key: string, item: unknown, named: Tree): [string, unknown] {
  const isTable = key === "patternProperties" && typeof item === "object" && item !== null && anyKey in item;
  if (isTable) return ["additionalProperties", (item as Tree)[anyKey]];
  return key === "anyOf" && Array.isArray(item) && areApart(item, named) ? ["oneOf", item] : [key, item];
}

/** Whether nothing fits two of them. What null fits as well stays as FastAPI has it. */
function areApart(alternatives: readonly Tree[], named: Tree): boolean {
  const values = alternatives.map((alternative) => alternative.const);
  if (values.every((value) => value !== undefined)) return new Set(values).size === values.length;
  const kinds = alternatives.map(({ $ref, type }) => {
    const found = typeof $ref === "string" ? (named[$ref.split("/").at(-1) ?? ""] as Tree).type : type;
    return found === "integer" ? "number" : found;
  });
  const areTold = kinds.every((kind) => typeof kind === "string" && kind !== "null");
  return areTold && new Set(kinds).size === kinds.length;
}

/**
 * A default that says nothing: each field of what it stands for has its own. Generators leave out the whole operation where
 * they cannot make an object of it.
 */
const isEmptyObject = (value: unknown): boolean => Bun.deepEquals(value, {}, true);

/** Words in our schemas that are for our own readers. */
export const ownMarks: readonly string[] = [
  "requiredKeys",
  "required",
  "big",
  "jsonText",
  "lenient",
  "spellings",
  "takesNull",
  "free",
];
