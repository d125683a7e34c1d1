import { readWeight } from "../read-weights.ts";
import type { WeightRef } from "../weight-file.ts";

/** A matrix that a change is made with: of a LoRA file's tensors, or computed from them. */
export type Ingredient = Readonly<{
  shape: readonly number[];
  /** The tensors it is made of. */
  from: readonly WeightRef[];
  /** How: with the tensors, what names its values. */
  how: string;
  /** Makes it, in float32. */
  values: () => Float32Array;
  /** Where it lies, if that can be mapped: then nothing is made. */
  place?: WeightRef;
}>;

/** A tensor times a factor, under another shape of as many values. It stays in its file if it can be mapped there. */
export function tensor(ref: WeightRef, shape: readonly number[] = ref.shape, factor = 1): Ingredient {
  const values = (): Float32Array => {
    const own = readWeight(ref);
    return factor === 1 ? own : own.map((value) => value * factor);
  };
  const copy = { shape, from: [ref], how: `times ${factor}`, values };
  if (!canBeMapped(ref)) return copy;
  const scale = factor * (ref.scale ?? 1);
  return { ...copy, place: { ...ref, shape, ...(scale === 1 ? {} : { scale }) } };
}

/** Whether a tensor's numbers can stay in their file: they are neither packed nor whole numbers. */
export const canBeMapped = ({ packed, dtype }: WeightRef): boolean =>
  packed === undefined && /^B?F\d/.test(dtype);

/** A matrix [rows, columns] and its values, row by row. */
export type Matrix = Readonly<{ rows: number; columns: number; values: Float32Array }>;

/** A tensor as a matrix: its first axis, and all others. */
export function matrixOf(ref: WeightRef): Matrix {
  const values = readWeight(ref);
  const [rows = 1] = ref.shape;
  return { rows, columns: values.length / rows, values };
}

/** Rows for columns. */
export function transposed({ rows, columns, values }: Matrix): Matrix {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      turned[column * rows + row] = values[row * columns + column] ?? 0;
  return { rows: columns, columns: rows, values: turned };
}

/**
 * What a Tucker core and the factor of the inputs make together: [a, i, y, x] = Σ_b core[a, b, y, x] · factor[b, i].
 *
 * @param core   [r, r, kh, kw]
 * @param factor [r, in], its axes of length 1 left out
 */
export function tucker(core: WeightRef, factor: WeightRef): Float32Array {
  const [outer = 0, inner = 0, ...kernel] = core.shape;
  const area = kernel.reduce((product, n) => product * n, 1);
  const cores = readWeight(core);
  const { columns: width, values } = matrixOf(factor);
  const made = new Float32Array(outer * width * area);
  for (let a = 0; a < outer; a += 1)
    for (let i = 0; i < width; i += 1)
      for (let at = 0; at < area; at += 1) {
        let sum = 0;
        for (let b = 0; b < inner; b += 1)
          sum += (cores[(a * inner + b) * area + at] ?? 0) * (values[b * width + i] ?? 0);
        made[(a * width + i) * area + at] = sum;
      }
  return made;
}
