import { inversionExtensions, inversionFinder } from "#/catalog/inversion-names.ts";
import { RequestError } from "#/lib/errors.ts";
import { nearestNames } from "#/lib/nearest-names.ts";
import { embeddedNames, gluedWord, namesEmbedding } from "#/pipeline/text/embedded-words.ts";
import type { PromptField } from "#/pipeline/text/limits.ts";
import type { InversionUse } from "./recipe.ts";
import type { Unreadable } from "./unreadable.ts";

/** What lies in the embeddings folder. */
export type InversionsThere = Readonly<{
  /** Names of the files there are. */
  inversions?: readonly string[];
  /** Files that lie there and are not among the names. */
  unreadable?: Unreadable;
}>;

/**
 * The textual inversions that texts name by `embedding:name`.
 *
 * @param texts as they are encoded, after wildcards and styles
 * @throws RequestError `unknown-model` naming the field and the nearest names, `invalid-value` where the word hangs on another
 */
export function chooseInversions(
  texts: readonly string[],
  field: PromptField,
  there: InversionsThere,
): readonly InversionUse[] {
  const naming = texts.filter(namesEmbedding);
  if (naming.length === 0) return [];
  const glued = gluedWord(naming)?.slice(0, 100);
  if (glued !== undefined) {
    const message = `embedding: names a textual inversion only at the beginning of a word, not in ${JSON.stringify(glued)}; put a blank before it in ${field}.`;
    throw new RequestError("invalid-value", message, { field, value: glued });
  }
  const find = inversionFinder(there.inversions ?? []);
  return embeddedNames(naming, (name) => find(name) !== undefined).map((said) => ({
    said,
    name: find(said) ?? refuse(said, field, there),
  }));
}

function refuse(said: string, field: PromptField, { inversions = [], unreadable }: InversionsThere): never {
  const shown = said.slice(0, 100);
  const near = nearestNames(shown, inversions);
  const hint = near.length === 0 ? "there is none at all" : `similar: ${near.join(", ")}`;
  const why = inversionExtensions
    .map((extension) => unreadable?.("embeddings", said + extension))
    .find((one) => one !== undefined);
  const what =
    why === undefined
      ? `There is no textual inversion called ${JSON.stringify(shown)}; ${hint}.`
      : `The textual inversion ${JSON.stringify(shown)} cannot be read: ${why}.`;
  const message = `${what} Put it into the embeddings folder, or take embedding:${shown} out of ${field}.`;
  throw new RequestError("unknown-model", message, { field, value: `embedding:${shown}`, near });
}
