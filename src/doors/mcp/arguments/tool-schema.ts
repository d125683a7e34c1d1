import type { Tool as ListedTool } from "@modelcontextprotocol/server";
import type { TSchema } from "@sinclair/typebox";
import { ownMarks } from "#/api/openapi.ts";

type ToolSchema = ListedTool["inputSchema"];

/**
 * A schema as clients of the protocol are told it: plain JSON Schema, without our own marks, and without the titles that are
 * names in OpenAPI, where each would be read to a model as if it said something.
 */
export const toolSchema = (schema: TSchema): ToolSchema => plain(schema) as ToolSchema;

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const schema = value as Readonly<Record<string, unknown>>;
  const required = schema["requiredKeys"] ?? schema["required"];
  const entries = Object.entries(schema).flatMap(([key, item]) => {
    if (ownMarks.includes(key) || (key === "title" && typeof item === "string")) return [];
    return [[key, key === "properties" ? plainProperties(item) : plain(item)] as const];
  });
  const isEmpty = !Array.isArray(required) || required.length === 0;
  return { ...Object.fromEntries(entries), ...(isEmpty ? {} : { required }) };
}

/** Names of properties are no words of a schema, whatever they are. */
const plainProperties = (properties: unknown): unknown =>
  Object.fromEntries(Object.entries(properties as object).map(([name, schema]) => [name, plain(schema)]));
