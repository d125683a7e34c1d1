import type { Greymap } from "#/image/greymap.ts";
import type { Box } from "#/image/operations/crop.ts";

/**
 * The smallest box around a hole.
 *
 * @param mask of 0 and 255
 * @returns undefined where there is none
 */
export function holeBox({ width, height, data }: Greymap): Box | undefined {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y += 1) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.indexOf(255);
    if (first === -1) continue;
    top = Math.min(top, y);
    bottom = y + 1;
    left = Math.min(left, first);
    right = Math.max(right, row.lastIndexOf(255) + 1);
  }
  return bottom === 0 ? undefined : { left, top, right, bottom };
}
