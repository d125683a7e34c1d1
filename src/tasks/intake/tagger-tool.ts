import type { Catalog } from "#/catalog/catalog.ts";
import type { Examiner } from "#/catalog/examine.ts";
import { taggerFiles, taggerLacks } from "#/catalog/tagger-files.ts";
import { ModelError, RequestError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";

/** Where the tagger's files lie, and who looks at them. */
export type TaggerShelf = Readonly<{
  catalog: Pick<Catalog, "path" | "roots">;
  examiner: Pick<Examiner, "foreign">;
}>;

/**
 * Looks whether drawings can be described in tags.
 *
 * @param field the request's field that asks for it
 * @throws RequestError `missing-model` with each missing file, its size, folder and source; `unusable-model`
 */
export function checkTaggerThere(field: string, { catalog, examiner }: TaggerShelf): void {
  const missing = taggerLacks(catalog.roots);
  if (missing.length > 0) {
    const files = missing.map(({ name, bytes, source }) => `${name} (${inUnits(bytes)}, from ${source})`);
    const message = `Tags of a drawing need ${files.join(" and ")} in models/clip_vision.`;
    throw new RequestError("missing-model", message, {
      field,
      name: missing.map(({ name }) => name).join(", "),
    });
  }
  const { folder, name, source } = taggerFiles.network;
  const path = catalog.path(folder, name);
  try {
    if (path !== undefined) examiner.foreign("tagger", path);
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    const message = `${thrown.message} The file that is meant comes from ${source}.`;
    throw new RequestError("unusable-model", message, { field, name, cause: thrown.code }, thrown);
  }
}
