/** A matrix as its rows. */
type Matrix = readonly (readonly number[])[];

/** A matrix in row-major order. */
export type Flat = Readonly<{ rows: number; columns: number; values: readonly number[] }>;

/**
 * Where polynomials are multiplied, beside infinity. Two opposite pairs with a ratio of two: in float32 their rounding is less than
 * half of that of the usual 0, 1, -1, 2, -2 (Alam et al. 2022 on the choice of points; measured for these: 1.4e-6 of the
 * answer against 3.0e-6, and 0.2e-6 of a plain sum).
 */
const points = [0, 0.75, -0.75, 1.5, -1.5] as const;

/** Sides of what a tile answers, of a kernel, and of what a tile reads. */
export const tile = { answer: 4, kernel: 3, read: points.length + 1 } as const;

/** Coefficients of the product of x - p over some points, the constant first. */
const polynomial = (roots: readonly number[]): number[] =>
  roots.reduce<number[]>((c, root) => [0, ...c].map((value, i) => value - root * (c[i] ?? 0)), [1]);

const powers = (point: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => point ** i);

const infinity = (count: number): number[] => [...Array.from({ length: count - 1 }, () => 0), 1];

const others = (point: number): number[] => points.filter((other) => other !== point);

/** Of one axis (Toom 1963, Cook 1966): kernel [6, 3], read [6, 6], answer [4, 6]. */
const axis: Readonly<Record<"kernel" | "read" | "answer", Matrix>> = {
  kernel: [
    ...points.map((point) => {
      const norm = others(point).reduce((product, other) => product * (point - other), 1);
      return powers(point, tile.kernel).map((value) => value / norm);
    }),
    infinity(tile.kernel),
  ],
  read: [...points.map((point) => [...polynomial(others(point)), 0]), polynomial(points)],
  answer: Array.from({ length: tile.answer }, (_, i) => [
    ...points.map((point) => point ** i),
    i === tile.answer - 1 ? 1 : 0,
  ]),
};

/** Of both axes at once: the Kronecker product of a matrix with itself. */
function squared(matrix: Matrix): Flat {
  const rows = matrix.flatMap((a) => matrix.map((b) => a.flatMap((x) => b.map((y) => x * y))));
  return { rows: rows.length, columns: rows[0]?.length ?? 0, values: rows.flat() };
}

/**
 * The three transforms of F(4 x 4, 3 x 3) (Lavin & Gray 2016), each of both axes at once: what 6 x 6 places that are read, 3 x 3
 * places of a kernel and 4 x 4 places that are answered are to the 36 products between them. Factors are rounded once.
 */
export const transforms = {
  /** [36, 9] */
  kernel: squared(axis.kernel),
  /** [36, 36] */
  read: squared(axis.read),
  /** [16, 36] */
  answer: squared(axis.answer),
} as const;
