import type { DecodeGate } from "#/image/decode-gate.ts";
import { convertImage } from "#/image/encode.ts";
import { RequestError } from "#/lib/errors.ts";
import { type ImageStore, resultPath } from "#/stores/images.ts";
import type { PictureForm } from "./api/picture-form.ts";

/** Where kept pictures are read. */
export type PictureParts = Readonly<{ images: ImageStore; decoding?: DecodeGate }>;

/**
 * A kept picture in base64: its file as it is, or encoded anew where a quality was asked for.
 *
 * @throws RequestError `gone` where somebody deleted it
 */
export async function pictureData(
  url: string,
  { format, quality }: PictureForm,
  { images, decoding }: PictureParts,
): Promise<string> {
  const path = await resultPath(url, images);
  if (path === undefined) throw new RequestError("gone", "The picture was deleted before it was answered.");
  const bytes = await Bun.file(path).bytes();
  return (quality === undefined ? bytes : await convertImage(bytes, format, decoding, quality)).toBase64();
}
