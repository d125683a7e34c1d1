import type { Face } from "./face.ts";

type Box = Face["box"];

/** Two boxes are of one face where what both cover is more than this part of what either covers. */
const same = 0.4;

/** One box of each face, the most certain first (non-maximum suppression). */
export function distinct(faces: readonly Face[]): readonly Face[] {
  const kept: Face[] = [];
  for (const face of faces.toSorted((a, b) => b.score - a.score))
    if (kept.every(({ box }) => overlap(box, face.box) <= same)) kept.push(face);
  return kept;
}

/** Their intersection over their union. */
function overlap(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left));
  const height = Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

const area = ({ left, top, right, bottom }: Box): number => (right - left) * (bottom - top);
