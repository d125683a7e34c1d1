import sharp from "sharp";
import { pictureLimits } from "./claims.ts";

/**
 * Width and height of a picture's file, by its head; no pixel is decoded.
 *
 * @returns undefined where it is none that can be read
 */
export async function pictureSize(
  path: string,
): Promise<Readonly<{ width: number; height: number }> | undefined> {
  try {
    const { width, height } = await sharp(path, { limitInputPixels: pictureLimits.pixels }).metadata();
    return { width, height };
  } catch {
    return undefined;
  }
}
