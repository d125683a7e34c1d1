import sharp from "sharp";
import { RequestError } from "#/lib/errors.ts";
import { ExcessiveClaim, pictureLimits } from "./claims.ts";
import { DecodeGate, decodedBytes } from "./decode-gate.ts";
import type { Pixmap } from "./pixmap.ts";
import { badImage, inspected } from "./refused-picture.ts";
import { toRgb } from "./to-rgb.ts";

/** Kinds that the decoder may find; it goes by the same first bytes as `inspected`. */
const kinds: readonly string[] = ["png", "jpeg", "webp", "gif", "tiff", "heif", "avif"];

/** Seconds a picture may keep a thread. */
const patience = 30;

/**
 * Any picture as 8-bit RGB: grey is repeated, palettes and 16 bits are converted, transparency goes over white, EXIF
 * rotation is applied. Nothing is decoded of a picture that claims more than `pictureLimits`.
 *
 * @param field the request's field, for the error
 * @param gate  where it waits for its turn
 * @throws RequestError `bad-image` if it is none, `too-large` if it claims too much
 */
export const decodeImage = (
  bytes: Uint8Array,
  field: string,
  gate: DecodeGate = new DecodeGate(),
): Promise<Pixmap> => withPixels(bytes, field, gate, async (pixmap) => pixmap);

/**
 * Does something with a picture's pixels while they are still counted by the gate: {@link decodeImage} for who needs them
 * no longer than that.
 *
 * @throws RequestError as `decodeImage`, and what `use` throws
 */
export async function withPixels<T>(
  bytes: Uint8Array,
  field: string,
  gate: DecodeGate,
  use: (pixmap: Pixmap) => Promise<T>,
): Promise<T> {
  const { pixels } = inspected(bytes, field);
  // What does not say its size may be as large as the decoder allows.
  const bytesOfPixels = (pixels || pictureLimits.pixels) * decodedBytes;
  return await gate.run(bytesOfPixels, async () => await use(await decoded(bytes, field)));
}

async function decoded(bytes: Uint8Array, field: string): Promise<Pixmap> {
  try {
    const image = sharp(bytes, { limitInputPixels: pictureLimits.pixels, failOn: "error" });
    const { format } = await image.metadata();
    if (!kinds.includes(format)) throw new Error(`${format} is not taken`);
    const { data, info } = await image
      .timeout({ seconds: patience })
      .rotate()
      .flatten({ background: "white" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: await toRgb(data, info.channels) };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    if (words.includes("pixel limit")) {
      const message = `The image in ${field} ${new ExcessiveClaim("pixels", undefined).says}.`;
      throw new RequestError("too-large", message, { field }, cause);
    }
    throw badImage(field, cause);
  }
}
