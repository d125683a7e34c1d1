import type { LoadedMask } from "./mask-history.ts";
import { asMask } from "./mask-pixels.ts";
import { readPicture } from "./starting-picture.ts";

/**
 * A mask from a file, read as the server reads masks.
 *
 * @param address where the server has it, if it does
 * @throws Error for what the browser cannot show
 */
export async function loadMask(file: Blob, name: string, address?: string): Promise<LoadedMask> {
  const { shown, width, height, sent } = await readPicture(file, name, address);
  const picture = new Image();
  picture.src = shown;
  await picture.decode();
  URL.revokeObjectURL(shown);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error(`The browser has no room for a mask of ${width} × ${height}.`);
  context.drawImage(picture, 0, 0);
  const pixels = context.getImageData(0, 0, width, height);
  asMask(pixels.data, [226, 62, 118]);
  return { kind: "load", picture: await createImageBitmap(pixels), sent };
}
