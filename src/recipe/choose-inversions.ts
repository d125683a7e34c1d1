import { inversionNamed } from "#/catalog/inversion-names.ts";
import { RequestError } from "#/lib/errors.ts";
import { embeddedNames, gluedWord } from "#/pipeline/text/embedded-words.ts";
import type { PromptField } from "#/pipeline/text/limits.ts";
import { nearest } from "./names.ts";
import type { InversionUse } from "./recipe.ts";

/**
 * The textual inversions that texts name by `embedding:name`.
 *
 * @param texts as they are encoded, after wildcards and styles
 * @param names of the files there are
 * @throws RequestError `unknown-model` naming the field and the nearest names, `invalid-value` where the word hangs on another
 */
export function chooseInversions(
  texts: readonly string[],
  field: PromptField,
  names: readonly string[],
): readonly InversionUse[] {
  const glued = gluedWord(texts)?.slice(0, 100);
  if (glued !== undefined) {
    const message = `embedding: names a textual inversion only at the beginning of a word, not in ${JSON.stringify(glued)}; put a blank before it in ${field}.`;
    throw new RequestError("invalid-value", message, { field, value: glued });
  }
  const said = embeddedNames(texts, (name) => inversionNamed(name, names) !== undefined);
  return said.map((one) => ({ said: one, name: inversionNamed(one, names) ?? refuse(one, field, names) }));
}

function refuse(said: string, field: PromptField, names: readonly string[]): never {
  const shown = said.slice(0, 100);
  const near = nearest(shown, names);
  const hint = near.length === 0 ? "there is none at all" : `similar: ${near.join(", ")}`;
  const message = `There is no textual inversion called ${JSON.stringify(shown)}; ${hint}. Put it into the embeddings folder, or take embedding:${shown} out of ${field}.`;
  throw new RequestError("unknown-model", message, { field, value: `embedding:${shown}`, near });
}
