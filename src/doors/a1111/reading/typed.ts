import { InvalidRequest, sentences } from "#/api/issues.ts";
import { isJsonObject, type Json, type JsonObject } from "#/api/json.ts";

/**
 * An object where anything may be said; null and nothing are an empty one.
 *
 * @param path the field, step by step
 * @throws InvalidRequest for all else: what is said in another way would do nothing, and nobody would know
 */
export function objectIn(value: Json | undefined, ...path: readonly string[]): JsonObject {
  if (value === null || value === undefined) return {};
  if (isJsonObject(value)) return value;
  throw wrongType("dict_type", "Input should be a valid dictionary", path);
}

/** A list, in the same way. */
export function listIn(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value as readonly Json[];
  throw wrongType("list_type", sentences.list_type, path);
}

const wrongType = (type: string, msg: string, path: readonly string[]): InvalidRequest =>
  new InvalidRequest([{ type, loc: ["body", ...path], msg, input: null }]);
