import sharp, { type Sharp } from "sharp";
import { pixelsOf } from "./claimed-pixels.ts";
import { DecodeGate, decodedBytes } from "./decode-gate.ts";
import type { ExifTexts } from "./exif.ts";
import { jpegWithExif, mostOfJpeg } from "./jpeg-with-exif.ts";
import type { Pixmap, SentPicture } from "./pixmap.ts";
import { pngWithTexts } from "./png-text.ts";
import { webpWithExif } from "./webp-with-exif.ts";
import { exifOf } from "./write-exif.ts";

export type ImageFormat = "png" | "jpeg" | "webp";

/** Two texts that are written into a picture: how it was made, and in which scheme that is said. */
export type EmbeddedText = Readonly<{ parameters: string; scheme: string }>;

/** Names a client may use for a format: of files and of media types. */
export const formatNames: Readonly<Record<string, ImageFormat>> = {
  png: "png",
  jpg: "jpeg",
  jpeg: "jpeg",
  webp: "webp",
};

/** Value of the EXIF tag Software; readers of the reference's pictures look for it. */
const software = "Fooocus v2.5.5";

const pipelineOf = ({ width, height, data }: Pixmap): Sharp =>
  sharp(data, { raw: { width, height, channels: 3 } });

/** A picture as it is kept: PNG lossless, JPEG and WebP at quality 95, with its texts where the format holds them. */
export async function encodeImage(
  pixmap: Pixmap,
  format: ImageFormat,
  text?: EmbeddedText,
): Promise<Uint8Array> {
  const image = pipelineOf(pixmap);
  switch (format) {
    case "png": {
      const png = await image.png().toBuffer();
      return text === undefined
        ? png
        : pngWithTexts(png, { parameters: text.parameters, fooocus_scheme: text.scheme });
    }
    case "jpeg": {
      const jpeg = await image.jpeg({ quality: 95, progressive: true, optimizeCoding: true }).toBuffer();
      const exif = text === undefined ? undefined : exifOf(textsOf(text), mostOfJpeg);
      return exif === undefined ? jpeg : jpegWithExif(jpeg, exif);
    }
    case "webp": {
      const webp = await image.webp({ quality: 95 }).toBuffer();
      const exif = text === undefined ? undefined : exifOf(textsOf(text));
      return exif === undefined ? webp : webpWithExif(webp, exif, pixmap);
    }
  }
}

/** A picture that was sent, as it is kept: a PNG that says nothing but its pixels, transparent ones included. */
export const encodeSent = async ({ width, height, channels, data }: SentPicture): Promise<Uint8Array> =>
  await sharp(data, { raw: { width, height, channels } }).png().toBuffer();

const textsOf = ({ parameters, scheme }: EmbeddedText): ExifTexts => ({
  software,
  userComment: parameters,
  makerNote: scheme,
});

/** Whether a picture of a format has room for its texts; where there is none, they are left out. */
export const hasRoomFor = (format: ImageFormat, text: EmbeddedText): boolean =>
  format !== "jpeg" || exifOf(textsOf(text), mostOfJpeg) !== undefined;

/**
 * A kept picture in another format, without its texts; JPEG gets a white ground.
 *
 * @param quality 1 to 100, of JPEG and WebP; the encoder's default if nothing is said
 */
export async function convertImage(
  bytes: Uint8Array,
  format: ImageFormat,
  gate: DecodeGate = new DecodeGate(),
  quality?: number,
): Promise<Uint8Array> {
  return await gate.run(pixelsOf(bytes) * decodedBytes, () => converted(bytes, format, quality));
}

async function converted(
  bytes: Uint8Array,
  format: ImageFormat,
  quality: number | undefined,
): Promise<Uint8Array> {
  const image = sharp(bytes).rotate();
  switch (format) {
    case "png":
      return await image.png().toBuffer();
    case "jpeg":
      return await image
        .flatten({ background: "white" })
        .jpeg({ quality: quality ?? 75 })
        .toBuffer();
    case "webp":
      return await image.webp({ quality: quality ?? 80 }).toBuffer();
  }
}

/** A small picture for people who wait: PNG for FooocusAPI's clients, WebP for the live channel. */
export async function encodePreview(pixmap: Pixmap, format: "png" | "webp"): Promise<Uint8Array> {
  const image = pipelineOf(pixmap);
  return format === "png"
    ? await image.png({ compressionLevel: 3 }).toBuffer()
    : await image.webp({ quality: 70 }).toBuffer();
}
