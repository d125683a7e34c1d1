import { UndecodableBody } from "#/api/read.ts";
import { bodyOf } from "./body-limit.ts";

/** Whether a request brings a form with files. */
export const isMultipart = (request: Request): boolean =>
  /^\s*multipart\/form-data\b/i.test(request.headers.get("content-type") ?? "");

/**
 * A request's form. A body of another type is an empty one, as FastAPI reads it.
 *
 * @param read its bytes, for who unpacks them; called for forms only
 * @throws UndecodableBody if it says it is a form and is none, or has more parts than any form of ours
 */
export async function formOf(
  request: Request,
  read: () => Promise<Uint8Array<ArrayBuffer>> = () => bodyOf(request),
): Promise<FormData> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^\s*(multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(type)) return new FormData();
  const body = await read();
  if (hasManyParts(body, type))
    throw new UndecodableBody(`Too many fields. Maximum number of fields is ${mostParts}.`);
  try {
    return await new Response(body, { headers: { "content-type": type } }).formData();
  } catch (cause) {
    throw new UndecodableBody("There was an error parsing the body", { cause });
  }
}

/** Parts of a form, as many as FastAPI takes; the largest of ours has about 150 fields. */
const mostParts = 1000;

/** Counted in the bytes, no further than needed: a form's parts cost more than the bytes they are made of. */
function hasManyParts(body: Uint8Array, type: string): boolean {
  const boundary = /boundary="?([^";]+)/i.exec(type)?.[1]?.trim();
  const mark = boundary === undefined ? "&" : `--${boundary}`;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let count = 0;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
    count += 1;
    // The last mark ends the form.
    if (count > mostParts + 1) return true;
  }
  return false;
}
