import type { Pixmap } from "#/image/pixmap.ts";
import { networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { upscalerScale, upscalerSource } from "#/weights/layouts/upscaler.ts";
import type { Ask } from "../ask.ts";
import type { ModelParts } from "../job-files.ts";
import { Blend } from "./blend.ts";
import { type Tile, tilesOf } from "./tiles.ts";

/**
 * What super-resolution tells: before each tile how many are done, and after each row of tiles the enlarged picture's next
 * rows, from the top, as wide as it is.
 */
export type Enlarging = Readonly<{ at: "tile"; done: number; of: number } | { at: "rows"; rows: Pixmap }>;

/** A job's upscaler: by how much it enlarges, and a picture enlarged. */
export type Upscaler = Readonly<{ scale: number; enlarge: (picture: Pixmap) => AsyncIterable<Enlarging> }>;

/** Rows of features beside a strip that its pixels depend on (`rrdb-pixels.ts`). */
const halo = 2;

/** Values of the largest features of a strip, 128 MiB. */
const largest = 2 ** 25;

/**
 * The upscaler of a job's files. It is asked tile by tile, and for the second half, whose features are 16 times as large as
 * the first's, strip by strip: what that takes does not depend on the picture.
 *
 * @throws ModelError where the job names no upscaler, or its file is none; while enlarging as a network that is asked
 */
export function upscalerOf(ask: Ask, files: Pick<ModelParts, "locate">): Upscaler {
  const { enlarged, folded } = upscalerScale(files.locate(upscalerSource).tensors);
  const scale = enlarged / folded;
  return { scale, enlarge: (picture) => enlarge(picture, { ask, enlarged, folded, scale }) };
}

type Way = Readonly<{ ask: Ask; enlarged: number; folded: number; scale: number }>;

async function* enlarge(picture: Pixmap, way: Way): AsyncGenerator<Enlarging, void, undefined> {
  const [columns, rows] = [tilesOf(picture.width), tilesOf(picture.height)];
  const shared = Math.max(...columns.map((tile) => tile.shared), ...rows.map((tile) => tile.shared));
  const blend = new Blend(picture.width, shared, way.scale);
  const of = columns.length * rows.length;
  let done = 0;
  for (const [i, down] of rows.entries()) {
    blend.start(down);
    for (const [j, across] of columns.entries()) {
      yield { at: "tile", done, of };
      const before = {
        columns: (columns[j - 1]?.shared ?? 0) * way.scale,
        rows: (rows[i - 1]?.shared ?? 0) * way.scale,
      };
      const tall = (down.end - down.start) * way.scale;
      for await (const { pixels, top } of tileStrips(cut(picture, across, down, way.folded), way)) {
        const rows = Math.min(pixels.dims[2] ?? 0, tall - top);
        blend.add({ pixels, top, rows }, { across, down }, before);
      }
      done += 1;
    }
    yield { at: "rows", rows: blend.rows() };
  }
}

/** A tile from 0 to 1 as the network wants it, mirrored at its right and lower end to a multiple of what is folded. */
function cut({ width, data }: Pixmap, across: Tile, down: Tile, multiple: number): Tensor {
  const [columns, rows] = [across, down].map(({ start, end }) => end - start) as [number, number];
  const [wide, tall] = [columns, rows].map((n) => Math.ceil(n / multiple) * multiple) as [number, number];
  const mirrored = (at: number, length: number): number =>
    Math.max(0, at < length ? at : 2 * length - 2 - at);
  const values = new Float32Array(3 * tall * wide);
  for (let y = 0; y < tall; y += 1)
    for (let x = 0; x < wide; x += 1) {
      const from = ((down.start + mirrored(y, rows)) * width + across.start + mirrored(x, columns)) * 3;
      for (let c = 0; c < 3; c += 1) values[(c * tall + y) * wide + x] = (data[from + c] ?? 0) / 255;
    }
  return { dims: [1, 3, tall, wide], data: values };
}

/** A tile's pixels, strip by strip: the rows that are no halo. */
async function* tileStrips(
  image: Tensor,
  { ask, enlarged }: Way,
): AsyncGenerator<Readonly<{ pixels: Tensor; top: number }>> {
  const { features } = await ask(networks["rrdb-features"], { image });
  const [, channels = 0, height = 0, width = 0] = features.dims;
  const step = Math.max(1, Math.floor(largest / (channels * width * enlarged ** 2)));
  for (let row = 0; row < height; row += step) {
    const [from, to] = [Math.max(0, row - halo), Math.min(height, row + step + halo)];
    const answer = await ask(networks["rrdb-pixels"], { features: rowsOf(features, from, to) });
    const kept = Math.min(step, height - row);
    yield {
      pixels: rowsOf(answer.image, (row - from) * enlarged, (row - from + kept) * enlarged),
      top: row * enlarged,
    };
  }
}

/** Rows of all planes, [1, C, H, W] -> [1, C, to - from, W]. */
function rowsOf({ dims, data }: Tensor, from: number, to: number): Tensor {
  const [, channels = 0, height = 0, width = 0] = dims;
  if (from === 0 && to === height) return { dims, data };
  const size = (to - from) * width;
  const rows = new Float32Array(channels * size);
  for (let c = 0; c < channels; c += 1)
    rows.set(data.subarray((c * height + from) * width, (c * height + to) * width), c * size);
  return { dims: [1, channels, to - from, width], data: rows };
}
