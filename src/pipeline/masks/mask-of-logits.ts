import type { Greymap } from "#/image/greymap.ts";
import { bilinearResize } from "#/image/operations/bilinear-resize.ts";
import type { FloatMap } from "#/image/operations/float-map.ts";
import type { Tensor } from "#/tensor/tensor.ts";

type Size = Readonly<{ width: number; height: number }>;

/** The side of the square that the network saw, the part of it that was the picture, and the picture's own size. */
export type Seen = Readonly<{ side: number; seen: Size; size: Size }>;

/**
 * A mask of the picture's size from what Segment Anything says of the square it saw, [h, w]: enlarged to the square, cut to the
 * picture, brought to its size, white above 0 (`postprocess_masks` of segment-anything).
 */
export function maskOfLogits({ dims, data }: Tensor, { side, seen, size }: Seen): Greymap {
  const [height = 0, width = 0] = dims;
  const square = bilinearResize({ width, height, channels: 1, data }, { width: side, height: side });
  const values = bilinearResize(corner(square, seen), size);
  return { ...size, data: Uint8Array.from(values.data, (value) => (value > 0 ? 255 : 0)), channels: 1 };
}

/** The upper left part. */
function corner(map: FloatMap, { width, height }: Size): FloatMap {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1)
    data.set(map.data.subarray(y * map.width, y * map.width + width), y * width);
  return { width, height, channels: 1, data };
}
