/** How tiles lie in a width: so many squares beside each other, a row every so many pixels. */
export type Layout = Readonly<{ columns: number; step: number }>;

/** Pixels between tiles. */
const gap = 10;
/** A tile is at least so wide; on a phone three are beside each other. */
const least = { narrow: 96, wide: 136 };

/** @param width of the place for them, pixels */
export function layoutOf(width: number): Layout {
  const wanted = width < 480 ? least.narrow : least.wide;
  const columns = Math.max(1, Math.floor((width + gap) / (wanted + gap)));
  const size = Math.max(1, (width - gap * (columns - 1)) / columns);
  return { columns, step: size + gap };
}

/** Which rows are drawn: those in sight, and some above and below, so that none is missing while one scrolls. */
export type Rows = Readonly<{ first: number; count: number }>;

const spare = 3;

/**
 * @param top    how far the first row is above the top of the window, pixels
 * @param height of the window, pixels
 */
export function rowsInSight({ columns, step }: Layout, tiles: number, top: number, height: number): Rows {
  const all = Math.ceil(tiles / columns);
  const first = Math.min(Math.floor(top / step) - spare, all - 1);
  // As many at any place, so that one row goes and one comes at the same moment: half as often as each in its own.
  const last = Math.min(all, first + spare + Math.ceil(height / step) + 1 + spare);
  const start = Math.max(0, first);
  // Never none: the Tab key must find the way in.
  return { first: start, count: Math.min(all, Math.max(1, last - start)) };
}

/** Where a tile lies: each by itself, so that those which stay in sight are not drawn anew when others come. */
export const placeOf = ({ columns, step }: Layout, at: number) => ({
  left: `${(at % columns) * step}px`,
  top: `${Math.floor(at / columns) * step}px`,
});

/** The height of all tiles, and the side of each, from which its style and that of its picture take it. */
export const sizesOf = ({ columns, step }: Layout, tiles: number) => ({
  height: `${Math.max(0, Math.ceil(tiles / columns) * step - gap)}px`,
  "--side": `${step - gap}px`,
});
