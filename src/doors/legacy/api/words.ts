import type { TSchema } from "@sinclair/typebox";
import { isJsonObject, type Json } from "#/api/json.ts";
import { type Converted, readBody } from "#/api/read.ts";

/** A checked body of the legacy API: the fields that were given. */
export type LegacyWords = Readonly<Record<string, Converted>>;

/** Whether a value is an object with names. */
export const isWords = (value: Converted | undefined): value is LegacyWords =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A JSON body of the legacy API against its schema.
 *
 * @throws InvalidRequest with every problem
 */
export const readLegacy = (schema: TSchema, body: Json): LegacyWords =>
  onlyGiven(readBody(schema, body), body);

/** Without what the reader filled in at the top and in `advanced_params`: those defaults are the server's to give. */
export function onlyGiven(words: LegacyWords, body: Json): LegacyWords {
  const given = isJsonObject(body) ? body : {};
  const kept = Object.entries(words).filter(([field]) => Object.hasOwn(given, field));
  return Object.fromEntries(
    kept.map(([field, value]): [string, Converted] => [
      field,
      field === "advanced_params" && isWords(value) ? onlyGiven(value, given[field] ?? {}) : value,
    ]),
  );
}
