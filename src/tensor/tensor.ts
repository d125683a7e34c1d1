/** A dense float32 tensor: row-major, `data.length` is the product of `dims`. */
export type Tensor = Readonly<{ dims: readonly number[]; data: Float32Array }>;

/** Number of elements of a shape. */
export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, n) => product * n, 1);

/** A tensor of zeros. */
export const zeros = (dims: readonly number[]): Tensor => ({ dims, data: new Float32Array(sizeOf(dims)) });

/** Joins tensors along one axis; all other dimensions must agree. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0];
  if (first === undefined) throw new RangeError("nothing to join");
  const outer = sizeOf(first.dims.slice(0, axis));
  const rows = tensors.map(({ dims }) => sizeOf(dims.slice(axis)));
  const total = rows.reduce((sum, n) => sum + n, 0);
  const data = new Float32Array(outer * total);
  let column = 0;
  for (const [index, tensor] of tensors.entries()) {
    const row = rows[index]!;
    for (let o = 0; o < outer; o += 1) {
      data.set(tensor.data.subarray(o * row, (o + 1) * row), o * total + column);
    }
    column += row;
  }
  const length = tensors.reduce((sum, { dims }) => sum + dims[axis]!, 0);
  return { dims: first.dims.map((n, i) => (i === axis ? length : n)), data };
}

/** Whether no value is infinite or not a number: anything less itself is 0, but for those. */
export function isFiniteThroughout(data: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < data.length; i += 1) {
    const value = data[i]!;
    sum += value - value;
  }
  return sum === 0;
}

/** Some values of the last axis: `count` of them from `start` on, of each row. */
export function lastAxis({ dims, data }: Tensor, start: number, count: number): Tensor {
  const width = dims.at(-1) ?? 1;
  if (start === 0 && count === width) return { dims, data };
  const rows = data.length / width;
  const part = new Float32Array(rows * count);
  for (let row = 0; row < rows; row += 1)
    part.set(data.subarray(row * width + start, row * width + start + count), row * count);
  return { dims: [...dims.slice(0, -1), count], data: part };
}

/**
 * Layer normalisation over the last axis with an affine part (Ba et al. 2016), epsilon 1e-5.
 *
 * @param affine of the last axis' width each
 */
export function layerNormed(
  { dims, data }: Tensor,
  { weight, bias }: Readonly<{ weight: Float32Array; bias: Float32Array }>,
): Tensor {
  const width = weight.length;
  const normal = new Float32Array(data.length);
  for (let row = 0; row < data.length; row += width) {
    let sum = 0;
    for (let i = 0; i < width; i += 1) sum += data[row + i]!;
    const mean = sum / width;
    let squares = 0;
    for (let i = 0; i < width; i += 1) squares += (data[row + i]! - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / width + 1e-5);
    for (let i = 0; i < width; i += 1)
      normal[row + i] = (data[row + i]! - mean) * scale * weight[i]! + bias[i]!;
  }
  return { dims, data: normal };
}
