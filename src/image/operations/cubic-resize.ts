import type { FloatMap } from "./float-map.ts";

/** Keys' cubic convolution with a = -0.75, as torch and OpenCV have it; Pillow's is -0.5. */
const a = -0.75;

const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;

/** For each output position of an axis the four input positions around it, clamped at the ends, and their weights, float32. */
type Taps = Readonly<{ places: Int32Array; weights: Float32Array }>;

/**
 * A map of floats at another size by cubic convolution, read at (i + 0.5) * in / out - 0.5 and not antialiased on the way down:
 * torch's `interpolate` in the mode `bicubic` without aligned corners, which may overshoot the range of its input.
 */
export function cubicResize(map: FloatMap, size: Readonly<{ width: number; height: number }>): FloatMap {
  const { channels } = map;
  const [across, down] = [taps(map.width, size.width), taps(map.height, size.height)];
  const rows = resizedRows(map, across);
  const values = size.width * channels;
  const data = new Float32Array(values * size.height);
  for (let y = 0; y < size.height; y += 1) {
    const [p, q, r, s] = down.places.subarray(4 * y, 4 * y + 4).map((row) => row * values);
    const [w0, w1, w2, w3] = down.weights.subarray(4 * y, 4 * y + 4);
    for (let x = 0; x < values; x += 1)
      data[y * values + x] =
        rows[p! + x]! * w0! + rows[q! + x]! * w1! + rows[r! + x]! * w2! + rows[s! + x]! * w3!;
  }
  return { ...size, channels, data };
}

/** Every row at its new width. */
function resizedRows({ width, height, channels, data }: FloatMap, { places, weights }: Taps): Float32Array {
  const wide = places.length / 4;
  const rows = new Float32Array(wide * height * channels);
  let to = 0;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < wide; x += 1)
      for (let c = 0; c < channels; c += 1) {
        let sum = 0;
        for (let k = 4 * x; k < 4 * x + 4; k += 1)
          sum += data[(y * width + places[k]!) * channels + c]! * weights[k]!;
        rows[to++] = sum;
      }
  return rows;
}

function taps(from: number, to: number): Taps {
  const places = new Int32Array(4 * to);
  const weights = new Float32Array(4 * to);
  const scale = Math.fround(from / to);
  for (let i = 0; i < to; i += 1) {
    const position = Math.fround(scale * (i + 0.5) - 0.5);
    const before = Math.floor(position);
    const part = position - before;
    for (let k = 0; k < 4; k += 1) places[4 * i + k] = Math.min(Math.max(before - 1 + k, 0), from - 1);
    weights.set([far(part + 1), near(part), near(1 - part), far(2 - part)], 4 * i);
  }
  return { places, weights };
}
