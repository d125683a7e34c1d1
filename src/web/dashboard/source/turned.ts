/**
 * For each orientation of EXIF, 1 to 8, the matrix (a, b, c, d) by which a stored pixel's place is turned, and whether
 * width and height change places. A place that becomes negative is moved into the picture.
 */
const turns: readonly (readonly [number, number, number, number])[] = [
  [1, 0, 0, 1],
  [-1, 0, 0, 1],
  [-1, 0, 0, -1],
  [1, 0, 0, -1],
  [0, 1, 1, 0],
  [0, 1, -1, 0],
  [0, -1, -1, 0],
  [0, -1, 1, 0],
];

export type Turn = Readonly<{
  width: number;
  height: number;
  /** As `setTransform` of a canvas takes it. */
  matrix: readonly [number, number, number, number, number, number];
}>;

/** How stored pixels are drawn so that they are seen as the file says, and the size of what is seen. */
export function turnOf(orientation: number, stored: Readonly<{ width: number; height: number }>): Turn {
  const [a, b, c, d] = turns[orientation - 1] ?? [1, 0, 0, 1];
  const { width: w, height: h } = stored;
  const least = (along: number, across: number) => Math.min(0, along * w) + Math.min(0, across * h);
  return {
    width: a === 0 ? h : w,
    height: a === 0 ? w : h,
    matrix: [a, b, c, d, -least(a, c), -least(b, d)],
  };
}
