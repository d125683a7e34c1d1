/** Blocks [k, b, b], one matrix after the other. */
export type Blocks = Readonly<{ size: number; values: Float32Array }>;

/** A square matrix, row by row, in float64. */
type Square = Float64Array;

/**
 * Q = B - Bᵀ of every block. With a constraint c > 0 Q is brought to the length c where it is longer, all blocks taken
 * together (constrained OFT, Qiu et al. 2023).
 */
export function skewed({ size, values }: Blocks, constraint = 0): Blocks {
  const skew = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += size * size)
    for (let i = 0; i < size; i += 1)
      for (let j = 0; j < size; j += 1)
        skew[at + i * size + j] = (values[at + i * size + j] ?? 0) - (values[at + j * size + i] ?? 0);
  const length = Math.sqrt(skew.reduce((sum, value) => sum + value * value, 0)) + 1e-8;
  if (!(constraint > 0) || length <= constraint) return { size, values: skew };
  return { size, values: skew.map((value) => (value * constraint) / length) };
}

/** PEFT's Q of the numbers above the diagonal, row by row: Q = U - Uᵀ. */
export function skewedFromUpper(size: number, upper: Float32Array): Blocks {
  const each = (size * (size - 1)) / 2;
  const count = upper.length / each;
  const values = new Float32Array(count * size * size);
  for (let block = 0; block < count; block += 1) {
    let from = block * each;
    for (let i = 0; i < size; i += 1)
      for (let j = i + 1; j < size; j += 1) {
        const value = upper[from] ?? 0;
        values[block * size * size + i * size + j] = value;
        values[block * size * size + j * size + i] = -value;
        from += 1;
      }
  }
  return { size, values };
}

/** (1 + Q)(1 - Q)⁻¹ - 1 = 2 Q (1 - Q)⁻¹ of every block: the turn that Cayley's transform makes of Q, less the identity. */
export const cayley = (blocks: Blocks): Blocks => eachBlock(blocks, (q, size) => solved(q, size));

/** PEFT's approximation of {@link cayley}: 2 Q + 2 Q² + 2 Q³ + Q⁴, as Neumann's series of five terms. */
export const neumann = (blocks: Blocks): Blocks =>
  eachBlock(blocks, (q, size) => {
    const square = times(q, q, size);
    const cube = times(square, q, size);
    const fourth = times(cube, q, size);
    return q.map((value, i) => 2 * (value + (square[i] ?? 0) + (cube[i] ?? 0)) + (fourth[i] ?? 0));
  });

/** Every block with rows for columns. */
export const turnedOver = (blocks: Blocks): Blocks =>
  eachBlock(blocks, (block, size) =>
    block.map((_, at) => block[(at % size) * size + Math.floor(at / size)] ?? 0),
  );

/** Every block with its first half and its second, which stood one behind the other, by turns. */
export const interleaved = (blocks: Blocks): Blocks =>
  eachBlock(blocks, (block, size) => {
    const from = (at: number): number => (at % 2) * (size / 2) + Math.floor(at / 2);
    return block.map((_, at) => block[from(Math.floor(at / size)) * size + from(at % size)] ?? 0);
  });

function eachBlock({ size, values }: Blocks, make: (block: Square, size: number) => Square): Blocks {
  const made = new Float32Array(values.length);
  const length = size * size;
  for (let at = 0; at < values.length; at += length)
    made.set(make(Float64Array.from(values.subarray(at, at + length)), size), at);
  return { size, values: made };
}

function times(a: Square, b: Square, size: number): Square {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1)
    for (let k = 0; k < size; k += 1) {
      const value = a[i * size + k] ?? 0;
      for (let j = 0; j < size; j += 1)
        product[i * size + j] = (product[i * size + j] ?? 0) + value * (b[k * size + j] ?? 0);
    }
  return product;
}

/**
 * X = 2 Q (1 - Q)⁻¹ by Gauss and Jordan. Q and (1 - Q)⁻¹ commute, so X solves (1 - Q) X = 2 Q; 1 - Q of a skew matrix has
 * its eigenvalues on 1 + i y, so it has an inverse, and a pivot on the diagonal at every step.
 */
function solved(q: Square, size: number): Square {
  const left = Float64Array.from(q, (value, at) => (at % (size + 1) === 0 ? 1 : 0) - value);
  const right = Float64Array.from(q, (value) => 2 * value);
  for (let pivot = 0; pivot < size; pivot += 1) {
    const by = 1 / (left[pivot * size + pivot] ?? 1);
    for (let j = 0; j < size; j += 1) {
      left[pivot * size + j] = (left[pivot * size + j] ?? 0) * by;
      right[pivot * size + j] = (right[pivot * size + j] ?? 0) * by;
    }
    for (let row = 0; row < size; row += 1) {
      const factor = left[row * size + pivot] ?? 0;
      if (row === pivot || factor === 0) continue;
      for (let j = 0; j < size; j += 1) {
        left[row * size + j] = (left[row * size + j] ?? 0) - factor * (left[pivot * size + j] ?? 0);
        right[row * size + j] = (right[row * size + j] ?? 0) - factor * (right[pivot * size + j] ?? 0);
      }
    }
  }
  return right;
}
