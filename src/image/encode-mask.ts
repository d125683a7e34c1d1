import sharp from "sharp";
import type { Greymap } from "./greymap.ts";

/** A mask as a PNG of 8 bits, of one grey channel or of three that are alike. */
export async function encodeMask({ width, height, data }: Greymap, channels: 1 | 3): Promise<Uint8Array> {
  const grey = sharp(data, { raw: { width, height, channels: 1 } });
  return await grey
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();
}
