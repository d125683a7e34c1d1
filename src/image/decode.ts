import sharp, { type Metadata } from "sharp";
import { RequestError } from "#/lib/errors.ts";
import { ExcessiveClaim, pictureLimits } from "./claims.ts";
import { DecodeGate, decodedBytes } from "./decode-gate.ts";
import { readExif } from "./exif.ts";
import { inspectPicture } from "./inspect.ts";
import type { Pixmap } from "./pixmap.ts";
import { pngTexts } from "./png-text.ts";

/** Kinds that the decoder may find; it goes by the same first bytes as `inspectPicture`. */
const kinds: readonly string[] = ["png", "jpeg", "webp", "gif", "tiff", "heif", "avif"];

/** Seconds a picture may keep a thread. */
const patience = 30;

/** What the decoder is held to by itself, beside what was looked at before. */
const bounded = { limitInputPixels: pictureLimits.pixels } as const;

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

/** @throws RequestError */
function inspected(bytes: Uint8Array, field: string): Readonly<{ pixels: number }> {
  try {
    const found = inspectPicture(bytes);
    if (found !== undefined) return found;
  } catch (cause) {
    if (!(cause instanceof ExcessiveClaim)) throw cause;
    throw new RequestError("too-large", `The image in ${field} ${cause.says}.`, { field }, cause);
  }
  throw badImage(field, new Error("it begins like no kind of picture that is taken"));
}

async function decoded(bytes: Uint8Array, field: string): Promise<Pixmap> {
  try {
    const image = sharp(bytes, { ...bounded, failOn: "error" });
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

/** Pixels that are converted before others get their turn. */
const stretch = 2_000_000;

async function toRgb(data: Uint8Array, channels: number): Promise<Uint8Array> {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let start = 0; start < pixels; start += stretch) {
    if (start > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    const end = Math.min(pixels, start + stretch);
    for (let i = start; i < end; i += 1)
      for (let c = 0; c < 3; c += 1) rgb[i * 3 + c] = data[i * channels + (channels > 2 ? c : 0)] ?? 0;
  }
  return rgb;
}

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
    return await sharp(bytes, bounded).metadata();
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
