import type { FileStretch } from "#/lib/read-ahead.ts";
import type { WeightRef } from "#/weights/weight-file.ts";

/** Some bytes of a file, from the first to the one behind the last. */
export type Stretch = readonly [start: number, end: number];

/** How many bytes lie in at least one of them. */
export function lengthOf(stretches: readonly Stretch[]): number {
  let length = 0;
  let reached = 0;
  for (const [start, end] of stretches.toSorted(([a], [b]) => a - b)) {
    length += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return length;
}

/** Bytes between two stretches that are read with them rather than left out. */
const gap = 2 ** 20;

/** Where tensors lie that can be mapped, neighbours as one, in the order of the file. */
export function stretchesOf(tensors: Iterable<WeightRef>): readonly FileStretch[] {
  const found: { path: string; start: number; end: number }[] = [];
  const mapped = [...tensors].filter(({ packed }) => packed === undefined);
  const inOrder = (a: WeightRef, b: WeightRef): number =>
    a.path === b.path ? a.offset - b.offset : a.path < b.path ? -1 : 1;
  for (const { path, offset, length } of mapped.toSorted(inOrder)) {
    const last = found.at(-1);
    if (last?.path === path && offset <= last.end + gap) last.end = Math.max(last.end, offset + length);
    else found.push({ path, start: offset, end: offset + length });
  }
  return found;
}
