import type { Greymap } from "#/image/greymap.ts";
import type { Box } from "#/image/operations/crop.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";

/** Where a working picture belongs in the whole one, and how much of it each pixel there gets. */
export type Place = Readonly<{ whole: Pixmap; box: Box; soft: Greymap }>;

/**
 * The whole picture with what was made of a part of it: brought to that part's size and blended in by the soft mask, in float32
 * and cut off (pipeline section 11.7). Where that is 0, every pixel keeps its value.
 */
export function pasteBack({ whole, box, soft }: Place, made: Pixmap): Pixmap {
  const { left, top, right, bottom } = box;
  const wide = right - left;
  const content = lanczosResize(made, { width: wide, height: bottom - top });
  const data = whole.data.slice();
  const { fround, trunc } = Math;
  for (let y = 0; y < whole.height; y += 1)
    for (let x = 0; x < whole.width; x += 1) {
      const at = y * whole.width + x;
      const weight = fround(soft.data[at]! / 255);
      if (weight === 0) continue;
      const rest = fround(1 - weight);
      const inside = x >= left && x < right && y >= top && y < bottom;
      for (let c = 0; c < 3; c += 1) {
        const own = whole.data[3 * at + c]!;
        const other = inside ? content.data[3 * ((y - top) * wide + x - left) + c]! : own;
        data[3 * at + c] = trunc(fround(fround(other * weight) + fround(own * rest)));
      }
    }
  return { width: whole.width, height: whole.height, data };
}
