import { decodeImage } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";
import { isMask } from "#/recipe/input-pictures.ts";
import type { InputName } from "#/recipe/recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { ImageStore } from "#/stores/images.ts";

/** Where the pictures lie, and where they wait to be decoded. */
export type InputShelf = Readonly<{ images: Pick<ImageStore, "input">; decoding?: DecodeGate }>;

/** The part of a resolved request that says which pictures it is made of. */
export type NamedInputs = Readonly<{ recipe: Pick<Resolved["recipe"], "inputs"> }> &
  Pick<Resolved, "inputFields">;

/**
 * Reads and decodes the pictures that a recipe names, in its order; one that is named twice in one role is read once.
 * Transparency goes over white in pictures, and over black in masks, where it is not meant to be repainted.
 *
 * @throws RequestError `unreachable-url` if one is gone by now, `bad-image` or `too-large` if it cannot be read any more;
 * with the file and the request's field
 */
export async function loadInputs(
  { recipe, inputFields }: NamedInputs,
  { images, decoding = new DecodeGate() }: InputShelf,
): Promise<readonly Pixmap[]> {
  const read = { picture: new Map<InputName, Pixmap>(), mask: new Map<InputName, Pixmap>() };
  const pixmaps: Pixmap[] = [];
  for (const [index, name] of recipe.inputs.entries()) {
    const field = inputFields[index] ?? "";
    const path = await images.input(name);
    if (path === undefined) throw gone(name, field);
    const alike = read[isMask(field) ? "mask" : "picture"];
    const pixmap = alike.get(name) ?? (await decoded(path, { name, field }, decoding));
    alike.set(name, pixmap);
    pixmaps.push(pixmap);
  }
  return pixmaps;
}

type Named = Readonly<{ name: InputName; field: string }>;

async function decoded(path: string, { name, field }: Named, decoding: DecodeGate): Promise<Pixmap> {
  const bytes = await Bun.file(path)
    .bytes()
    .catch(() => undefined);
  if (bytes === undefined) throw gone(name, field);
  try {
    return await decodeImage(bytes, name, decoding, isMask(field) ? "black" : "white");
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    const message = `The picture ${name} of ${field} can no longer be read from the inputs folder. Send the request again with the picture itself.`;
    throw new RequestError(thrown.code, message, { field, name }, thrown);
  }
}

function gone(name: InputName, field: string): RequestError {
  const message = `The picture ${name} of ${field} is no longer in the inputs folder. Send the request again with the picture itself.`;
  return new RequestError("unreachable-url", message, { field, name });
}
