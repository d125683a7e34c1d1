import { asMask } from "./mask-pixels.ts";
import { readPicture } from "./starting-picture.ts";

/** A mask from a file, read as the server reads masks. @throws Error for what the browser cannot show */
export async function loadMask(file: Blob, name: string): Promise<ImageBitmap> {
  const { shown, width, height } = await readPicture(file, name);
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
  return await createImageBitmap(pixels);
}
