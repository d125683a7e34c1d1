import sharp, { type Metadata } from "sharp";
import { pictureLimits } from "./claims.ts";
import { pngTexts } from "./png-text.ts";
import { readExif } from "./read-exif.ts";
import { badImage, inspected } from "./refused-picture.ts";

/**
 * What is written in a picture about its making, whoever made it; undefined parts were not there.
 *
 * @param field the request's field, for the error
 * @throws RequestError `bad-image` if it is no picture, `too-large` if it claims too much
 */
export async function readEmbeddedText(
  bytes: Uint8Array,
  field = "image",
): Promise<Readonly<{ parameters?: string; scheme?: string }>> {
  const { format, exif } = await metadataOf(bytes, field);
  const texts = format === "png" ? pngTexts(bytes) : undefined;
  const tags = exif === undefined ? {} : readExif(exif);
  const parameters = texts?.get("parameters") ?? tags.userComment;
  const scheme = texts?.get("fooocus_scheme") ?? tags.makerNote;
  return {
    ...(parameters === undefined ? {} : { parameters }),
    ...(scheme === undefined ? {} : { scheme }),
  };
}

async function metadataOf(bytes: Uint8Array, field: string): Promise<Metadata> {
  inspected(bytes, field);
  try {
    return await sharp(bytes, { limitInputPixels: pictureLimits.pixels }).metadata();
  } catch (cause) {
    throw badImage(field, cause);
  }
}
