import { TypeGuard } from "@sinclair/typebox";
import { fileValue } from "#/api/form-file.ts";
import { HugeNumber, type Json, type JsonObject, JsonSyntaxError, parseJson } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";
import { type EditPictures, editPictures } from "./edit-pictures.ts";
import { imageFields } from "./fields.ts";
import { ListedObjects } from "./listed-objects.ts";

/** `image`, `image[]` or `image[0]`. */
const isImagePart = (name: string): boolean => /^images?(?:\[\d*\])?$/.test(name);

/**
 * The pictures of a form, and its other parts as JSON: texts stay texts, lists are repeated (`styles[]`, `loras[][weight]`)
 * or one JSON text. All else is said once: of two values one would be forgotten.
 *
 * @throws RequestError naming the part
 */
export async function readEditForm(
  form: FormData,
): Promise<Readonly<{ pictures: EditPictures; rest: JsonObject }>> {
  const images: string[] = [];
  let mask: string | undefined;
  const rest: Record<string, Json> = {};
  const objects = new ListedObjects();
  for (const [name, part] of partsOf(form)) {
    if (isSaidOnce(name) && form.getAll(name).length > 1) throw repeated(name);
    if (isImagePart(name)) images.push(...(await fileIn(part, name)));
    else if (name === "mask") mask = (await fileIn(part, name))[0] ?? mask;
    else if (typeof part !== "string") rest[name] = { file: part.name };
    else if (!objects.take(name, part, isList)) add(rest, name.replace(/\[\]$/, ""), part);
  }
  for (const [name, listed] of objects.lists()) rest[name] = [rest[name] ?? [], ...listed].flat();
  return { pictures: editPictures(images, mask), rest };
}

const partsOf = (form: FormData): readonly (readonly [name: string, part: string | File])[] => [
  ...form.entries(),
];

/** A part's file as a data URI; nothing for what a browser sends for a field that was left empty. */
async function fileIn(part: string | File, field: string): Promise<readonly string[]> {
  if (typeof part !== "string") return [(await fileValue(part)) ?? []].flat();
  const message = `${field} is a text in the place of a file; a URL goes into a JSON body, where pictures are images.`;
  throw new RequestError("bad-image", message, { field, value: part.slice(0, 100) });
}

const isSaidOnce = (name: string): boolean =>
  name === "mask" || (Object.hasOwn(imageFields.edit.properties, name) && !isList(name));

const repeated = (field: string): RequestError =>
  new RequestError("invalid-value", `${field} is there more than once: say it once.`, { field });

const isList = (name: string): boolean =>
  Object.entries(imageFields.edit.properties).some(
    ([field, schema]) => field === name && TypeGuard.IsArray(schema),
  );

function add(rest: Record<string, Json>, name: string, text: string): void {
  if (!isList(name)) {
    rest[name] = text;
    return;
  }
  const said = /^\s*[[{]/.test(text) ? parsed(text, name) : text;
  rest[name] = [rest[name] ?? [], said].flat();
}

function parsed(text: string, field: string): Json {
  try {
    return parseJson(text);
  } catch (thrown) {
    if (!(thrown instanceof JsonSyntaxError || thrown instanceof HugeNumber)) throw thrown;
    throw new RequestError("invalid-value", `${field} is no JSON: ${thrown.message}.`, { field }, thrown);
  }
}
