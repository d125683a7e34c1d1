import { RequestError } from "#/lib/errors.ts";
import { ExcessiveClaim, pictureLimits } from "./claims.ts";
import { DecodeGate, decodedBytes } from "./decode-gate.ts";
import { flatten } from "./flatten.ts";
import type { Ground, Pixmap, SentPicture } from "./pixmap.ts";
import { readPixels } from "./read-pixels.ts";
import { badImage, inspected } from "./refused-picture.ts";
import { toColours } from "./to-rgb.ts";

/**
 * Any picture as 8-bit RGB, turned as its EXIF says, as Pillow reads it: see {@link withPicture} and {@link flatten}.
 *
 * @param field  the request's field, for the error
 * @param gate   where it waits for its turn
 * @param ground what transparency goes over
 * @throws RequestError `bad-image` if it is none, `too-large` if it claims too much
 */
export const decodeImage = (
  bytes: Uint8Array,
  field: string,
  gate: DecodeGate = new DecodeGate(),
  ground: Ground = "white",
): Promise<Pixmap> => withPicture(bytes, field, gate, (picture) => flatten(picture, ground));

/**
 * Does something with a picture while its pixels are still counted by the gate: the first one in the file, upright, with
 * what of it is transparent. Grey is repeated, palettes and 16 bits are converted; a colour profile is not applied, as
 * FooocusAPI applies none. Nothing is decoded of a picture that claims more than `pictureLimits`.
 *
 * @throws RequestError as `decodeImage`, and what `use` throws
 */
export async function withPicture<T>(
  bytes: Uint8Array,
  field: string,
  gate: DecodeGate,
  use: (picture: SentPicture) => Promise<T>,
): Promise<T> {
  const { pixels, frames } = inspected(bytes, field);
  // What does not say its size may be as large as the decoder allows.
  const bytesOfPixels = (pixels || pictureLimits.pixels) * decodedBytes;
  return await gate.run(bytesOfPixels, async () => await use(await decoded(bytes, field, frames)));
}

async function decoded(bytes: Uint8Array, field: string, frames: number): Promise<SentPicture> {
  try {
    const { width, height, pages, ...raw } = await readPixels(bytes);
    return { width, height, frames: pages ?? Math.max(1, frames), ...(await toColours(raw)) };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    if (words.includes("pixel limit")) {
      const message = `The image in ${field} ${new ExcessiveClaim("pixels", undefined).says}.`;
      throw new RequestError("too-large", message, { field }, cause);
    }
    throw badImage(field, cause);
  }
}
