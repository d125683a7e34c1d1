import type { Greymap } from "#/image/greymap.ts";
import { isHole } from "#/image/operations/is-hole.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { dilate, erode } from "#/image/operations/morphology.ts";
import type { Pixmap } from "#/image/pixmap.ts";

/**
 * The hole in a picture: 255 where something new is to be, else 0 (pipeline section 11.1). A mask of another size is stretched
 * to the picture's. Red counts as white does: what exceeds 127 in its first channel or in the mean of three.
 *
 * @param drawn the mask that came with the picture; where there is none, nothing is a hole
 * @param grow  how often the hole grows by a pixel on all sides, or with a minus shrinks
 */
export function preparedMask(
  drawn: Pixmap | undefined,
  { width, height }: Readonly<{ width: number; height: number }>,
  { grow, invert }: Readonly<{ grow: number; invert: boolean }>,
): Greymap {
  const empty = new Uint8Array(width * height);
  if (drawn === undefined) return { width, height, channels: 1, data: empty };
  const { data } = lanczosResize(drawn, { width, height });
  const hole = empty.map((_, pixel) => (isHole(data, pixel) ? 255 : 0));
  const cut: Greymap = { width, height, channels: 1, data: hole };
  const grown = grow < 0 ? erode(cut, -grow) : grow > 0 ? dilate(cut, grow) : cut;
  return invert ? { ...grown, data: grown.data.map((value) => 255 - value) } : grown;
}
