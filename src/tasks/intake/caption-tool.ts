import { captionFile, findCaptionFile } from "#/catalog/caption-file.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { Examiner } from "#/catalog/examine.ts";
import { ModelError, RequestError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";

/** Where the captioner lies, and who looks at it. */
export type CaptionShelf = Readonly<{
  catalog: Pick<Catalog, "roots">;
  examiner: Pick<Examiner, "captioner">;
}>;

/**
 * Looks whether photographs can be described in a sentence.
 *
 * @param field the request's field that asks for it
 * @throws RequestError `missing-model` with the file, its size, folder and source; `unusable-model`
 */
export function checkCaptionerThere(field: string, { catalog, examiner }: CaptionShelf): void {
  const { name, folder, bytes, source } = captionFile;
  const path = findCaptionFile(catalog.roots);
  if (path === undefined) {
    const message = `The description of a photograph needs ${name} (${inUnits(bytes)}, from ${source}) in models/${folder}.`;
    throw new RequestError("missing-model", message, { field, name });
  }
  try {
    examiner.captioner(path);
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    const message = `${thrown.message} The file that is meant comes from ${source}.`;
    throw new RequestError("unusable-model", message, { field, name, cause: thrown.code }, thrown);
  }
}
