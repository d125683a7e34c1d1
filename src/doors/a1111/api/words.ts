import { type Static, type TObject, type TSchema, type TUnsafe, Type } from "@sinclair/typebox";
import { isJsonObject, type Json, type JsonObject } from "#/api/json.ts";
import { readBody } from "#/api/read.ts";

/** A field that may be null, which means its default: A1111 has nearly all of them so. */
export const orNull = <T extends TSchema>(schema: T): TUnsafe<Static<T>> =>
  // `readWords` puts the default in the place of null.
  Type.Union([schema, Type.Null()], {
    default: schema.default,
    description: schema.description ?? "",
  }) as TUnsafe<Static<T>>;

/** A field that is null where nothing is said. */
export const maybe = <T extends TSchema>(schema: T) =>
  Type.Union([schema, Type.Null()], { default: null, description: schema.description ?? "" });

/** Objects and lists of anything: they are looked into by whoever knows them. */
export const anything = (type: "object" | "array", description: string) =>
  Type.Unsafe<Json>({ type, description, free: true, ...(type === "array" ? { items: {} } : {}) });

/**
 * A body against its schema, every field converted by it: null and what is not said are the default.
 *
 * @throws InvalidRequest with every problem
 */
export function readWords(schema: TObject, body: Json): Readonly<Record<string, unknown>> {
  const given = isJsonObject(body) ? withoutFree(schema, body) : body;
  const read = readBody(strict(schema), given);
  const filled = Object.entries(schema.properties).map(([name, field]) => {
    const free = field["free"] === true && isJsonObject(body) ? body[name] : undefined;
    return [name, free ?? read[name] ?? (field.default as unknown) ?? null];
  });
  return Object.fromEntries(filled) as Readonly<Record<string, unknown>>;
}

/** The schema without what is not looked into here. */
const strict = (schema: TObject): TObject => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(schema.properties).filter(([, field]) => field["free"] !== true),
  ),
});

const withoutFree = ({ properties }: TObject, body: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(body).filter(([name]) => properties[name]?.["free"] !== true));
