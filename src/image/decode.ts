import sharp, { type Metadata } from "sharp";
import { RequestError } from "#/lib/errors.ts";
import { readExif } from "./exif.ts";
import type { Pixmap } from "./pixmap.ts";
import { pngTexts } from "./png-text.ts";

/** Most pixels an input may have: a decompression bomb is small on the wire. */
const mostPixels = 100_000_000;

/** Kinds that are taken from others. SVG is a program, and may ask for files. */
const kinds: readonly string[] = ["png", "jpeg", "webp", "gif", "tiff", "heif", "avif"];

/** Seconds a picture may keep a thread. */
const patience = 30;

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
    const { format } = await image.metadata();
    if (!kinds.includes(format)) throw new Error(`${format} is not taken`);
    const { data, info } = await image
      .timeout({ seconds: patience })
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
    throw badImage(field, cause);
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

/**
 * What is written in a picture about its making, whoever made it; undefined parts were not there.
 *
 * @param field the request's field, for the error
 * @throws RequestError `bad-image` if it is no picture
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
  try {
    return await sharp(bytes, { limitInputPixels: mostPixels }).metadata();
  } catch (cause) {
    throw badImage(field, cause);
  }
}

function badImage(field: string, cause: unknown): RequestError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new RequestError(
    "bad-image",
    `${field} is not an image that can be read (${words}); it takes a PNG, JPEG or WebP, as a URL, base64 or a data URI.`,
    { field },
    cause,
  );
}
