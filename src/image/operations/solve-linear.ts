const { fround } = Math;

/** Below this a pivot counts as nothing: ten times float32's eps. */
const tiny = 10 * 2 ** -23;

/**
 * Solves matrix * x = right in float32 by Gauss with the largest pivot of each column, operation by operation as OpenCV's
 * DECOMP_LU: of an almost singular matrix its rounding is part of the answer. Both are overwritten; x is then in `right`.
 *
 * @param matrix rows of a square matrix
 * @param right as many rows, of any one length
 * @returns false where the matrix is singular
 */
export function solveLinear(matrix: Float32Array[], right: Float32Array[]): boolean {
  const size = matrix.length;
  for (let i = 0; i < size; i += 1) {
    let pivot = i;
    for (let j = i + 1; j < size; j += 1)
      if (Math.abs(matrix[j]![i]!) > Math.abs(matrix[pivot]![i]!)) pivot = j;
    if (Math.abs(matrix[pivot]![i]!) < tiny) return false;
    [matrix[i], matrix[pivot]] = [matrix[pivot]!, matrix[i]!];
    [right[i], right[pivot]] = [right[pivot]!, right[i]!];
    const inverse = fround(-1 / matrix[i]![i]!);
    for (let j = i + 1; j < size; j += 1) {
      const factor = fround(matrix[j]![i]! * inverse);
      addRow(matrix[j]!, matrix[i]!, factor, i + 1);
      addRow(right[j]!, right[i]!, factor, 0);
    }
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    const row = right[i]!;
    for (let k = i + 1; k < size; k += 1) addRow(row, right[k]!, -matrix[i]![k]!, 0);
    const pivot = matrix[i]![i]!;
    for (let x = 0; x < row.length; x += 1) row[x] = row[x]! / pivot;
  }
  return true;
}

function addRow(to: Float32Array, row: Float32Array, factor: number, from: number): void {
  for (let x = from; x < to.length; x += 1) to[x] = to[x]! + fround(factor * row[x]!);
}
