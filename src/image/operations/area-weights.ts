/**
 * What each output pixel of a shrunk axis takes of which input pixels: for output `i` the entries from `starts[i]` to before
 * `starts[i + 1]` of `from` and `weights`. Weights are shares of a cell, float32.
 */
export type AreaWeights = Readonly<{ starts: Int32Array; from: Int32Array; weights: Float32Array }>;

/** Of a pixel of which a cell covers less than this, OpenCV takes nothing. */
const sliver = 1e-3;

/** Cells of `from / to` pixels side by side, as OpenCV's INTER_AREA cuts them. */
export function areaWeights(from: number, to: number): AreaWeights {
  const scale = 1 / (to / from);
  const starts = new Int32Array(to + 1);
  const pixels: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < to; i += 1) {
    const start = i * scale;
    const end = start + scale;
    const cell = Math.min(scale, from - start);
    const last = Math.min(Math.floor(end), from - 1);
    const first = Math.min(Math.ceil(start), last);
    const take = (pixel: number, weight: number): void => {
      pixels.push(pixel);
      weights.push(weight);
    };
    if (first - start > sliver) take(first - 1, (first - start) / cell);
    for (let pixel = first; pixel < last; pixel += 1) take(pixel, 1 / cell);
    if (end - last > sliver) take(last, Math.min(end - last, 1, cell) / cell);
    starts[i + 1] = pixels.length;
  }
  return { starts, from: Int32Array.from(pixels), weights: Float32Array.from(weights) };
}
