import { drawMask } from "./draw-mask.ts";
import type { MaskHistory } from "./mask-history.ts";
import { asBlackAndWhite } from "./mask-pixels.ts";
import type { Size } from "./view.ts";

/**
 * A mask as PNG in the picture's own pixels: white is made anew, black stays.
 *
 * @returns undefined where nothing is painted
 * @throws Error where the browser has no room for it
 */
export async function exportMask(mask: MaskHistory, { width, height }: Size): Promise<Blob | undefined> {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error(`The browser has no room for a mask of ${width} × ${height}.`);
  drawMask(context, mask);
  const pixels = context.getImageData(0, 0, width, height);
  if (!asBlackAndWhite(pixels.data)) return undefined;
  context.putImageData(pixels, 0, 0);
  return await new Promise((resolve, reject) => {
    const take = (file: Blob | null) =>
      file === null ? reject(new Error("The browser could not write the mask.")) : resolve(file);
    canvas.toBlob(take, "image/png");
  });
}
