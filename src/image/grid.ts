import type { Pixmap } from "./pixmap.ts";

/**
 * Pictures of one size side by side, row by row on black; as square as their number allows.
 *
 * @returns undefined for fewer than two pictures, or of different sizes
 */
export function imageGrid(images: readonly Pixmap[]): Pixmap | undefined {
  const [first] = images;
  if (first === undefined || images.length < 2) return undefined;
  if (images.some(({ width, height }) => width !== first.width || height !== first.height)) return undefined;
  const columns = Math.ceil(Math.sqrt(images.length));
  const rows = Math.ceil(images.length / columns);
  const width = columns * first.width;
  const data = new Uint8Array(width * rows * first.height * 3);
  for (const [index, image] of images.entries()) {
    const left = (index % columns) * first.width;
    const top = Math.floor(index / columns) * first.height;
    for (let y = 0; y < first.height; y += 1) {
      const row = image.data.subarray(y * first.width * 3, (y + 1) * first.width * 3);
      data.set(row, ((top + y) * width + left) * 3);
    }
  }
  return { width, height: rows * first.height, data };
}
