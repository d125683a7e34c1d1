import sharp from "sharp";
import { RequestError } from "#/lib/errors.ts";
import { readExif } from "./exif.ts";
import type { Pixmap } from "./pixmap.ts";
import { pngTexts } from "./png-text.ts";

/** Most pixels an input may have: a decompression bomb is small on the wire. */
const mostPixels = 100_000_000;

/**
 * Any picture as 8-bit RGB: grey is repeated, palettes and 16 bits are converted, transparency goes over white, EXIF
 * rotation is applied.
 *
 * @param field the request's field, for the error
 * @throws RequestError `bad-image` if it is none, `too-large` if it has too many pixels
 */
export async function decodeImage(bytes: Uint8Array, field: string): Promise<Pixmap> {
  try {
    const image = sharp(bytes, { limitInputPixels: mostPixels, failOn: "error" });
    const { data, info } = await image
      .rotate()
      .flatten({ background: "white" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: toRgb(data, info.channels) };
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    if (words.includes("pixel limit")) {
      throw new RequestError(
        "too-large",
        `The image in ${field} has more than ${mostPixels} pixels.`,
        { field },
        cause,
      );
    }
    throw new RequestError(
      "bad-image",
      `${field} is not an image that can be read: ${words}.`,
      { field },
      cause,
    );
  }
}

function toRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i += 1) {
    for (let c = 0; c < 3; c += 1) rgb[i * 3 + c] = data[i * channels + (channels > 2 ? c : 0)] ?? 0;
  }
  return rgb;
}

/** What is written in a picture about its making, whoever made it; undefined parts were not there. */
export async function readEmbeddedText(
  bytes: Uint8Array,
): Promise<Readonly<{ parameters?: string; scheme?: string }>> {
  const { format, exif } = await sharp(bytes, { limitInputPixels: mostPixels }).metadata();
  const found =
    format === "png"
      ? { parameters: pngTexts(bytes).get("parameters"), scheme: pngTexts(bytes).get("fooocus_scheme") }
      : { parameters: exifText(exif)?.userComment, scheme: exifText(exif)?.makerNote };
  return {
    ...(found.parameters === undefined ? {} : { parameters: found.parameters }),
    ...(found.scheme === undefined ? {} : { scheme: found.scheme }),
  };
}

const exifText = (exif: Uint8Array | undefined): ReturnType<typeof readExif> | undefined =>
  exif === undefined ? undefined : readExif(exif);
