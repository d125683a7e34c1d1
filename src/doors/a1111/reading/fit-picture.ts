import { decodeImage, withPicture } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { type Fit, fitPicture } from "#/image/fit-picture.ts";
import { opaqueParts } from "#/image/opaque-parts.ts";
import { isBlank } from "#/image/operations/is-blank.ts";
import type { Size } from "./size.ts";

/** How a picture is brought to a size; `decoding` is where it waits for its turn. */
type Fitting = Readonly<{ size: Size; fit: Fit; decoding: DecodeGate | undefined }>;

/**
 * A picture that a client sent, at a size.
 *
 * @returns a PNG
 * @throws RequestError as `decodeImage`
 */
export async function fittedPicture(
  bytes: Uint8Array,
  field: string,
  { size, fit, decoding }: Fitting,
): Promise<Uint8Array> {
  return await fitPicture(await decodeImage(bytes, field, decoding), size, fit);
}

/**
 * A mask: what is opaque of a picture that is transparent in places, else what is white.
 *
 * @param fitting without a size it stays as large as it is; `turned` is whether what is black is meant
 * @returns a PNG; nothing for a mask that names no place
 */
export async function fittedMask(
  bytes: Uint8Array,
  field: string,
  {
    size,
    fit,
    decoding,
    turned,
  }: Omit<Fitting, "size"> & Readonly<{ size: Size | undefined; turned: boolean }>,
): Promise<Uint8Array | undefined> {
  const gate = decoding ?? new DecodeGate();
  const opaque = await withPicture(bytes, field, gate, opaqueParts);
  const mask = opaque ?? (await decodeImage(bytes, field, decoding, "black"));
  return (await isBlank(mask, turned)) ? undefined : await fitPicture(mask, size ?? mask, fit);
}
