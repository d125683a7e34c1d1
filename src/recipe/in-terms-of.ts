import { RequestError } from "#/lib/errors.ts";

/** What fields are called by whoever is told of them; others keep their names. */
export type FieldNames = Readonly<Record<string, string>>;

/** A sentence or a dotted path with other names of fields. */
export const inTermsOf = (text: string, names: FieldNames): string =>
  text.replace(/(?<![\w.])[a-z][a-z_]*[a-z](?![\w(])/g, (word) =>
    Object.hasOwn(names, word) ? (names[word] ?? word) : word,
  );

/**
 * Does what may be refused, in the words of fields that the request does not have.
 *
 * @param names what those fields are called in the request
 * @throws RequestError in the request's own words
 */
export function refusedInTermsOf<Done>(names: FieldNames, work: () => Done): Done {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    const { code, message, details } = thrown;
    const field = typeof details.field === "string" ? { field: inTermsOf(details.field, names) } : {};
    throw new RequestError(code, inTermsOf(message, names), { ...details, ...field }, thrown);
  }
}
