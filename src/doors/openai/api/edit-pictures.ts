import { InvalidRequest } from "#/api/issues.ts";
import { isJsonObject, type Json, type JsonObject } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";

/** The pictures of an edit, each as a URL, a data URI or base64: the first one is edited, the others guide. */
export type EditPictures = Readonly<{ images: readonly [string, ...string[]]; mask?: string }>;

/** How many pictures there may be, as OpenAI has it. */
const most = 16;

/** What is edited, of whatever kind the body is. @throws RequestError, InvalidRequest naming `image` */
export function editPictures(images: readonly string[], mask: string | undefined): EditPictures {
  const [first, ...others] = images;
  if (first === undefined) {
    const message = "image is missing: send the picture to edit as a file of a form, or in JSON as images.";
    throw new RequestError("bad-image", message, { field: "image" });
  }
  if (images.length > most) {
    const msg = `There may be ${most} pictures, not ${images.length}`;
    throw new InvalidRequest([{ type: "too_long", loc: ["body", "image"], msg, input: images.length }]);
  }
  return { images: [first, ...others], ...(mask === undefined ? {} : { mask }) };
}

/** The pictures of a JSON body, and the rest of it. @throws RequestError naming the field */
export function picturesInJson(body: JsonObject): Readonly<{ pictures: EditPictures; rest: JsonObject }> {
  const { image = null, images = null, mask = null, ...rest } = body;
  const listed = [image, images].flatMap((value) =>
    Array.isArray(value) ? (value as readonly Json[]) : [value],
  );
  const given = listed.filter((value) => value !== null);
  const texts = given.map((value, index) => reference(value, `images.${index}`));
  return { pictures: editPictures(texts, mask === null ? undefined : reference(mask, "mask")), rest };
}

/** `{"image_url": "..."}`, or the address itself. */
function reference(value: Json, field: string): string {
  const said = isJsonObject(value) ? value["image_url"] : value;
  if (typeof said === "string" && said.trim() !== "") return said;
  const message =
    isJsonObject(value) && typeof value["file_id"] === "string"
      ? `${field} names a file_id, and no files are kept here; send image_url, which may be a data URL.`
      : `${field} should be {"image_url": "..."}: a URL, or a data URL.`;
  throw new RequestError("bad-image", message, { field });
}
