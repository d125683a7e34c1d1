/** How far two pictures are apart, in levels of 255: on average, what 99 of 100 values are below, and at most. */
export type Apart = Readonly<{ mean: number; most99: number; most: number }>;

/** @throws Error where they are not of one size */
export function levelsApart(one: Uint8Array, other: Uint8Array): Apart {
  if (one.length !== other.length)
    throw new Error(`the pictures have ${one.length} and ${other.length} values`);
  const counts = Array.from({ length: 256 }, () => 0);
  for (const [i, value] of one.entries()) {
    const distance = Math.abs(value - (other[i] ?? 0));
    counts[distance] = (counts[distance] ?? 0) + 1;
  }
  const within = (share: number): number => {
    let seen = 0;
    return counts.findIndex((count) => {
      seen += count;
      return seen >= share * one.length;
    });
  };
  const sum = counts.reduce((total, count, distance) => total + count * distance, 0);
  return { mean: sum / one.length, most99: within(0.99), most: within(1) };
}
