import type { Tensor } from "./tensor.ts";

/** Tiles of one size, in places of the input. */
export type Tiling = Readonly<{
  width: number;
  height: number;
  /** How far a tile reaches into the next one. */
  overlap: number;
}>;

/** What is asked for each tile, and by how much its answer is larger. */
export type TileWork = Readonly<{
  /** [1, C, h, w] -> [1, channels, h * scale, w * scale] */
  ask: (tile: Tensor) => Promise<Tensor>;
  channels: number;
  scale: number;
}>;

/** How many tiles lie over an input [1, C, H, W]. */
export function tilesOf({ dims }: Pick<Tensor, "dims">, { width, height, overlap }: Tiling): number {
  const [, , H = 0, W = 0] = dims;
  return Math.ceil(W / (width - overlap)) * Math.ceil(H / (height - overlap));
}

/**
 * What a network answers for tiles of its input, blended (pipeline section 9.3). Tiles begin as far apart as they do not
 * overlap, as long as there is any input; the border cuts off the last ones. Each answer counts by slopes that rise from
 * all of its sides, those at the border included; in a tile that is narrower than two slopes each is cut off at the other side.
 *
 * Yields before each tile.
 */
export async function* tiled(
  input: Tensor,
  { width, height, overlap }: Tiling,
  { ask, channels, scale }: TileWork,
): AsyncGenerator<void, Tensor, undefined> {
  const [, , H = 0, W = 0] = input.dims;
  const [outH, outW] = [H * scale, W * scale];
  const sums = new Float32Array(channels * outH * outW);
  const weights = new Float32Array(outH * outW);
  const feather = Math.round(overlap * scale);
  for (let y = 0; y < H; y += height - overlap)
    for (let x = 0; x < W; x += width - overlap) {
      yield;
      const box = { x, y, width: Math.min(width, W - x), height: Math.min(height, H - y) };
      const { dims, data } = await ask(cut(input, box));
      const [, , rows = 0, columns = 0] = dims;
      const [down, across] = [slopes(rows, feather), slopes(columns, feather)];
      const corner = y * scale * outW + x * scale;
      for (let row = 0; row < rows; row += 1)
        for (let column = 0; column < columns; column += 1) {
          const weight = Math.fround(down[row]! * across[column]!);
          const to = corner + row * outW + column;
          weights[to] = weights[to]! + weight;
          for (let c = 0; c < channels; c += 1) {
            const at = c * outH * outW + to;
            sums[at] = sums[at]! + data[(c * rows + row) * columns + column]! * weight;
          }
        }
    }
  for (let at = 0; at < sums.length; at += 1) sums[at] = sums[at]! / weights[at % weights.length]!;
  return { dims: [1, channels, outH, outW], data: sums };
}

/** How much each place counts along one axis of a tile. */
function slopes(length: number, feather: number): Float32Array {
  const rise = (k: number): number => (k < feather ? Math.fround((k + 1) / feather) : 1);
  return Float32Array.from({ length }, (_, k) => Math.fround(rise(k) * rise(length - 1 - k)));
}

type Box = Readonly<{ x: number; y: number; width: number; height: number }>;

function cut({ dims, data }: Tensor, { x, y, width, height }: Box): Tensor {
  const [, channels = 0, H = 0, W = 0] = dims;
  const part = new Float32Array(channels * height * width);
  for (let c = 0, to = 0; c < channels; c += 1)
    for (let row = 0; row < height; row += 1, to += width) {
      const from = (c * H + y + row) * W + x;
      part.set(data.subarray(from, from + width), to);
    }
  return { dims: [1, channels, height, width], data: part };
}
