import type { DecodeGate } from "#/image/decode-gate.ts";
import { RequestError } from "#/lib/errors.ts";

/** What pictures are read with. */
export type PictureParts = Readonly<{
  /** The bytes of a picture as clients give it. */
  imageOf: (value: string) => Promise<Uint8Array>;
  decoding: DecodeGate | undefined;
}>;

/** The bytes of a picture in a field; refused in the words of that field. */
export async function pictureIn(
  value: string,
  field: string,
  { imageOf }: Pick<PictureParts, "imageOf">,
): Promise<Uint8Array> {
  try {
    return await imageOf(value);
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    const message = thrown.message.replace(/^image\b/, field).replace("in image ", `in ${field} `);
    throw new RequestError(thrown.code, message, { ...thrown.details, field }, thrown);
  }
}
