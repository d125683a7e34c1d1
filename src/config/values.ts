import { type TSchema, TypeGuard } from "@sinclair/typebox";

/** A flag's or a variable's text as its key's type; lists are separated by commas. */
export function fromText(schema: TSchema, text: string): unknown {
  if (TypeGuard.IsArray(schema))
    return text === "" ? [] : text.split(",").map((part) => fromText(schema.items, part.trim()));
  if (TypeGuard.IsInteger(schema)) return /^-?\d+$/.test(text) ? Number(text) : text;
  if (TypeGuard.IsBoolean(schema)) {
    if (["true", "1"].includes(text)) return true;
    return ["false", "0"].includes(text) ? false : text;
  }
  return text;
}

/** The words that a key takes, or the items of its list; undefined where any text will do. */
export function wordsOf(schema: TSchema): readonly string[] | undefined {
  if (TypeGuard.IsArray(schema)) return wordsOf(schema.items);
  return TypeGuard.IsUnion(schema) ? schema.anyOf.map((option) => String(option.const)) : undefined;
}

/** What a key takes, in words. */
export function allowed(schema: TSchema): string {
  if (TypeGuard.IsArray(schema)) return `a list of ${allowed(schema.items)}`;
  const words = wordsOf(schema);
  if (words !== undefined) return words.join(" | ");
  if (TypeGuard.IsBoolean(schema)) return "true or false";
  // A text that must look a certain way says in its title which.
  if (!TypeGuard.IsInteger(schema)) return schema.title ?? "text";
  const { minimum, maximum } = schema;
  const from = minimum === undefined ? "" : ` from ${minimum}`;
  return `a whole number${from}${maximum === undefined ? "" : ` to ${maximum}`}`;
}
