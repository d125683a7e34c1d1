import type { Greymap } from "#/image/greymap.ts";
import { dilate, erode } from "#/image/operations/morphology.ts";
import { threshold } from "#/image/operations/threshold.ts";
import type { MadeMask } from "./make-mask.ts";

/**
 * A mask as a hole to paint in: cut at 127, since a matte has faint values nearly everywhere, grown, turned round. Nothing where
 * nothing was found, which turned round would be everything, or where nothing is left.
 *
 * @param grow how often the hole grows by a pixel on all sides, or with a minus shrinks
 */
export function holeOfMask(
  { mask, found }: MadeMask,
  { grow, invert }: Readonly<{ grow: number; invert: boolean }>,
): Greymap | undefined {
  if (found === 0) return undefined;
  const cut = threshold(mask);
  const grown = grow < 0 ? erode(cut, -grow) : grow > 0 ? dilate(cut, grow) : cut;
  const hole = invert ? { ...grown, data: grown.data.map((value) => 255 - value) } : grown;
  return hole.data.includes(255) ? hole : undefined;
}
