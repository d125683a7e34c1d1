import sharp from "sharp";
import { pixelsOf } from "./claimed-pixels.ts";
import { DecodeGate, decodedBytes } from "./decode-gate.ts";

/** Long side of a small version, pixels: a tile of a gallery on a fine screen, of whatever shape the picture is. */
export const thumbnailSide = 384;

/**
 * A small version of a picture of ours, for lists of many: WebP, upright, its long side at most {@link thumbnailSide}, without
 * its texts.
 *
 * @throws Error for what is no picture
 */
export async function thumbnail(bytes: Uint8Array, gate: DecodeGate = new DecodeGate()): Promise<Uint8Array> {
  const size = {
    width: thumbnailSide,
    height: thumbnailSide,
    fit: "inside",
    withoutEnlargement: true,
  } as const;
  return await gate.run(
    pixelsOf(bytes) * decodedBytes,
    async () => await sharp(bytes).rotate().resize(size).webp({ quality: 75, effort: 2 }).toBuffer(),
  );
}
