import type { Pixmap } from "#/image/pixmap.ts";
import type { Tensor } from "#/tensor/tensor.ts";

/** A picture that a script of `scripts/golden` makes by the same formula. */
export function pixels(width: number, height: number): Pixmap {
  const value = (i: number): number => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return (31 * x + 17 * y + 64 * c + x * y) % 256;
  };
  return { width, height, data: Uint8Array.from({ length: 3 * width * height }, (_, i) => value(i)) };
}

/** A tensor of every so many positions of one axis: what is large is kept in slices. */
export function every({ dims, data }: Tensor, step: number, axis: number): Tensor {
  const inner = dims.slice(axis + 1).reduce((product, n) => product * n, 1);
  const length = dims[axis] ?? 1;
  const kept = data.filter((_, i) => (Math.floor(i / inner) % length) % step === 0);
  return { dims: dims.with(axis, Math.ceil(length / step)), data: kept };
}
