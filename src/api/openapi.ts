import type { TSchema } from "@sinclair/typebox";
import { HTTPValidationError } from "./answers.ts";
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
  detail: Described | undefined;
}>;

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
  for (const { method, path, keyed, detail } of routes) {
    if (detail?.hide === true || method === "WS") continue;
    const at = path.replaceAll(/:([^/]+)/g, "{$1}");
    paths[at] = {
      ...paths[at],
      [method.toLowerCase()]: hoisted(operationOf(path, keyed, detail ?? {}), named),
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

function operationOf(path: string, keyed: boolean, detail: Omit<Described, "hide">): Tree {
  const inPath = [...path.matchAll(/:([^/]+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
    description: pathWords[name ?? ""],
  }));
  const parameters = [...inPath, ...(detail.parameters ?? [])];
  const checked = parameters.length > 0 || detail.requestBody !== undefined;
  // A route that says what all of its refusals are has no other ones.
  const ownRefusals = detail.responses?.["4XX"] !== undefined;
  return {
    ...detail,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(keyed ? { security: [{ APIKeyHeader: [] }, { APIKeyBearer: [] }] } : {}),
    responses: {
      ...(detail.responses === undefined ? { 200: { description: "Successful Response" } } : {}),
      ...(checked && !ownRefusals ? { 422: jsonAnswer(HTTPValidationError, "Validation Error") } : {}),
      ...detail.responses,
    },
  };
}

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
    ...(fallback === undefined ? {} : { default: fallback }),
  };
}

/** Without our own marks. `requiredKeys` is what a request must have; TypeBox's `required` is what its reader gets. */
function copied(schema: Tree, named: Tree): Tree {
  const required = schema.requiredKeys ?? schema.required;
  const isEmpty = Array.isArray(required) && required.length === 0;
  const rest = Object.entries(schema).filter(([key]) => !ownMarks.includes(key));
  return {
    ...Object.fromEntries(rest.map(([key, item]) => [key, hoisted(item, named)])),
    ...(required === undefined || isEmpty ? {} : { required }),
  };
}

const ownMarks: readonly string[] = [
  "requiredKeys",
  "required",
  "big",
  "jsonText",
  "lenient",
  "spellings",
  "takesNull",
];
