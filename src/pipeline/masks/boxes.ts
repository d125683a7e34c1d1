import type { Greymap } from "#/image/greymap.ts";
import type { Box } from "#/image/operations/crop.ts";

type Size = Readonly<{ width: number; height: number }>;

/**
 * Boxes in pixels of a picture, from edge to edge and not rounded, larger by some pixels on every side, or with a minus smaller.
 * They end at the picture's edges, and one of which nothing is left is gone: turned inside out it would still make a mask. Where
 * nothing is asked for, boxes stay as they were found.
 */
export function grownBoxes(boxes: readonly Box[], pixels: number, { width, height }: Size): readonly Box[] {
  const isSome = ({ left, top, right, bottom }: Box): boolean => left < right && top < bottom;
  if (pixels === 0) return boxes.filter(isSome);
  const grown = boxes.map(({ left, top, right, bottom }) => ({
    left: Math.max(0, left - pixels),
    top: Math.max(0, top - pixels),
    right: Math.min(width, right + pixels),
    bottom: Math.min(height, bottom + pixels),
  }));
  return grown.filter(isSome);
}

/**
 * Boxes as a mask, to look at: filled, white on black, as Pillow draws them: edges are cut to whole pixels towards 0, and the
 * last column and row are part of a box.
 */
export function boxesMask(boxes: readonly Box[], { width, height }: Size): Greymap {
  const data = new Uint8Array(width * height);
  for (const { left, top, right, bottom } of boxes) {
    const [from, to] = [Math.max(0, Math.trunc(left)), Math.min(width - 1, Math.trunc(right)) + 1];
    for (let y = Math.max(0, Math.trunc(top)); y <= Math.min(height - 1, Math.trunc(bottom)); y += 1)
      if (from < to) data.fill(255, y * width + from, y * width + to);
  }
  return { width, height, data, channels: 1 };
}
