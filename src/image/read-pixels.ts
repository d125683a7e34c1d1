import sharp, { type Metadata, type Sharp } from "sharp";
import { pictureLimits } from "./claims.ts";
import { beginsBmp, readBmp } from "./read-bmp.ts";
import type { RawPixels } from "./to-rgb.ts";

/** Kinds that the decoder may find; it goes by the same first bytes as `inspectPicture`. */
const kinds: readonly string[] = ["png", "jpeg", "webp", "gif", "tiff", "heif", "avif"];

/** Seconds a picture may keep a thread. */
const patience = 30;

/** The pixels of a file's first picture, turned as its EXIF says. */
export type UprightPixels = RawPixels &
  Readonly<{
    width: number;
    height: number;
    /** Pictures in the file, where the decoder counts them. */
    pages?: number;
  }>;

/**
 * Reads a file's first picture as it has it: no profile is applied, CMYK stays CMYK and 16 bits stay 16, since what libvips
 * makes of them is not what Pillow does (field-facts section 2).
 *
 * @throws Error of the decoder
 */
export async function readPixels(bytes: Uint8Array): Promise<UprightPixels> {
  if (beginsBmp(bytes)) return await readBmp(bytes);
  if (isHeic(bytes))
    throw new Error("it is a HEIC, whose codec is not read here: send a JPEG, a PNG or an AVIF");
  const image = sharp(bytes, { limitInputPixels: pictureLimits.pixels, failOn: "error", ignoreIcc: true });
  const metadata = await image.metadata();
  if (!kinds.includes(metadata.format)) throw new Error(`${metadata.format} is not taken`);
  const upright = image.timeout({ seconds: patience }).autoOrient();
  const { pages } = metadata;
  const pixels = await rawOf(upright, metadata);
  return pages === undefined ? pixels : { ...pixels, pages };
}

/** What phones call their pictures with HEVC inside (ISO/IEC 23008-12, annex B); AVIF has the same boxes and other brands. */
const isHeic = (bytes: Uint8Array): boolean =>
  /^ftyp(?:hei[cxms]|hev[cxms])$/.test(Buffer.from(bytes.subarray(4, 12)).toString("latin1"));

async function rawOf(image: Sharp, { space }: Pick<Metadata, "space">): Promise<UprightPixels> {
  if (space === "grey16" || space === "rgb16") {
    const { data, info } = await image
      .toColourspace(space)
      .raw({ depth: "ushort" })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return { width, height, channels, space: "grey-or-rgb", data: sixteenBits(data) };
  }
  const isCmyk = space === "cmyk";
  const { data, info } = await (isCmyk
    ? image.pipelineColourspace("cmyk").toColourspace("cmyk")
    : image.toColourspace("srgb")
  )
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { width, height, channels, space: isCmyk ? "cmyk" : "grey-or-rgb", data };
}

/** A buffer of the decoder's may begin at an odd place. */
const sixteenBits = (data: Buffer): Uint16Array =>
  data.byteOffset % 2 === 0
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : new Uint16Array(new Uint8Array(data).buffer);
