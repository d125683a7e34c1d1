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
