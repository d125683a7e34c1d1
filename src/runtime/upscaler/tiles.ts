/** Sides of a tile, and how far each reaches into the next; in pixels of what is enlarged. Fixed, whatever memory there is. */
const side = 512;
const overlap = 32;

/** A tile on one axis: from its first pixel to before `end`, and how many of its last pixels the next one has too. */
export type Tile = Readonly<{ start: number; end: number; shared: number }>;

/**
 * The tiles of an axis, as Fooocus cuts it: one begins every 480 pixels as long as there are any, and the border cuts off the
 * last ones, which may be a single pixel wide.
 */
export function tilesOf(length: number): readonly Tile[] {
  const tiles: Tile[] = [];
  for (let start = 0; start < length; start += side - overlap) {
    const end = Math.min(start + side, length);
    tiles.push({ start, end, shared: Math.max(0, end - (start + side - overlap)) });
  }
  return tiles;
}

/**
 * How much each pixel of an enlarged tile counts on one axis: rising from both ends, also at the picture's border. In a tile
 * that is narrower than the two slopes each of them is cut off at the other end.
 *
 * @param length of the tile, enlarged
 * @param scale  by how much it is enlarged
 */
export function slopes(length: number, scale: number): Float32Array {
  const feather = Math.round(overlap * scale);
  const slope = (k: number): number => (k < feather ? Math.fround((1 / feather) * (k + 1)) : 1);
  return Float32Array.from({ length }, (_, k) => Math.fround(slope(k) * slope(length - 1 - k)));
}
