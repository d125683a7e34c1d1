import { RequestError } from "#/lib/errors.ts";
import { ExcessiveClaim } from "./claims.ts";
import { inspectPicture } from "./inspect.ts";

/**
 * What a picture claims to be, before anything is decoded.
 *
 * @param field the request's field, for the error
 * @throws RequestError `bad-image` if it is none, `too-large` if it claims too much
 */
export function inspected(bytes: Uint8Array, field: string): Readonly<{ pixels: number; frames: number }> {
  try {
    const found = inspectPicture(bytes);
    if (found !== undefined) return found;
  } catch (cause) {
    if (!(cause instanceof ExcessiveClaim)) throw cause;
    throw new RequestError("too-large", `The image in ${field} ${cause.says}.`, { field }, cause);
  }
  throw badImage(field, new Error("it begins like no kind of picture that is taken"));
}

/** @param field the request's field that holds no picture */
export function badImage(field: string, cause: unknown): RequestError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new RequestError(
    "bad-image",
    `${field} is not an image that can be read (${words}); it takes PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF, as a URL, base64 or a data URI.`,
    { field },
    cause,
  );
}
