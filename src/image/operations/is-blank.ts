import { inStretches } from "../in-stretches.ts";
import type { Pixmap } from "../pixmap.ts";
import { isHole } from "./is-hole.ts";

/**
 * Whether a mask names no place: nothing of it is white, or, turned round, nothing black.
 *
 * @param turned whether what is black is meant
 */
export async function isBlank({ data, width, height }: Pixmap, turned: boolean): Promise<boolean> {
  let blank = true;
  await inStretches(width * height, (start, end) => {
    for (let pixel = start; blank && pixel < end; pixel += 1) blank = isHole(data, pixel) === turned;
  });
  return blank;
}
