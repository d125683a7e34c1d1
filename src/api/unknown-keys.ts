import { type TSchema, TypeGuard } from "@sinclair/typebox";
import { likelyName } from "#/lib/nearest-names.ts";
import { isJsonObject, type Json } from "./json.ts";

/** What a door knows of names that are not in its schema. */
export type OtherNames = Readonly<{
  /** Names of another API or time, and what they are called here. */
  called: Readonly<Record<string, string>>;
  /** Names that say what is so anyway. */
  harmless: readonly string[];
  /** What the door's documents call what has a name: a field, where nothing is said. */
  kind?: "field" | "argument";
}>;

const noOthers: OtherNames = { called: {}, harmless: [] };

/** A sentence is for people: so many names are told of, and so much of each. */
const mostTold = 10;
const longestName = 100;

/**
 * Says which keys of a body its schema does not know, at every depth, with the name that was probably meant: they do
 * nothing, and a picture that is not what was asked for would be all that tells.
 *
 * @returns nothing where all are known
 */
export function unknownKeysWarning(
  schema: TSchema,
  body: Json,
  others: OtherNames = noOthers,
): string | undefined {
  const unknown: Unknown[] = [];
  collect(schema, body, "", unknown);
  const told = unknown.filter(({ path }) => !others.harmless.includes(path));
  if (told.length === 0) return undefined;
  const names = told.slice(0, mostTold).map(({ path, name, known }) => {
    const shown = path.slice(0, longestName);
    const meant = Object.hasOwn(others.called, path) ? others.called[path] : likelyName(name, known);
    return meant === undefined ? shown : `${shown} (here: ${meant})`;
  });
  const more = told.length - names.length;
  const { kind = "field" } = others;
  const list = more === 0 ? names.join(", ") : `${names.join(", ")} and ${more} more`;
  return told.length === 1
    ? `There is no ${kind} ${list}; it was passed over.`
    : `There are no such ${kind}s: ${list}; they were passed over.`;
}

/** A key with the dotted path to it, and those that its object may have. */
type Unknown = Readonly<{ path: string; name: string; known: readonly string[] }>;

function collect(schema: TSchema, value: Json, path: string, found: Unknown[]): void {
  if (TypeGuard.IsUnion(schema)) {
    for (const one of schema.anyOf.slice(0, 1)) collect(one, value, path, found);
    return;
  }
  if (TypeGuard.IsArray(schema)) {
    if (!Array.isArray(value)) return;
    for (const [index, item] of value.entries()) collect(schema.items, item, joined(path, index), found);
    return;
  }
  if (!TypeGuard.IsObject(schema) || !isJsonObject(value)) return;
  const known = Object.keys(schema.properties);
  for (const [name, inner] of Object.entries(value)) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (property === undefined) found.push({ path: joined(path, name), name, known });
    else collect(property, inner, joined(path, name), found);
  }
}

const joined = (path: string, step: string | number): string => (path === "" ? `${step}` : `${path}.${step}`);
