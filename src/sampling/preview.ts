import type { Latent } from "./sampler.ts";

/** Longest side of a preview in pixels. */
const longest = 512;

/** 8-bit RGB rows without padding. */
export type PreviewImage = Readonly<{ width: number; height: number; data: Uint8Array }>;

/** -1 to 1 as 0 to 255, cut as the reference cuts it. */
const byte = (value: number): number => Math.min(255, Math.max(0, Math.trunc(value * 127.5 + 127.5)));

/**
 * A quarter-size look at a latent: each latent pixel as 2 x 2 coloured ones, at most 512 px on the long side. Costs
 * microseconds, which is why every step can have one.
 *
 * @param latent  sampler space, [1, 4, h, w]
 * @param colours red, green and blue, -1 to 1, of one unit of each channel, and last of none
 */
export function previewOf(latent: Latent, colours: readonly (readonly number[])[]): PreviewImage {
  const [, , h = 0, w = 0] = latent.dims;
  const zoom = Math.min(2, longest / Math.max(h, w));
  const width = Math.max(1, Math.floor(w * zoom));
  const height = Math.max(1, Math.floor(h * zoom));
  const data = new Uint8Array(width * height * 3);
  const plane = h * w;
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const pixel = Math.floor(y / zoom) * w + Math.floor(x / zoom);
      for (let colour = 0; colour < 3; colour += 1, at += 1) {
        let value = colours[4]![colour]!;
        for (let c = 0; c < 4; c += 1) value += colours[c]![colour]! * latent.data[c * plane + pixel]!;
        data[at] = byte(value);
      }
    }
  }
  return { width, height, data };
}

/**
 * A latent that a network can look at in little time: of a large one squares of pixels by their means, so that its longest
 * side is at most 64 (TAESDXL's 512 px, a hundredth of a step).
 *
 * @param latent [1, C, h, w]
 */
export function shrunk(latent: Latent, most = 64): Latent {
  const [, channels = 0, h = 0, w = 0] = latent.dims;
  const side = Math.ceil(Math.max(h, w) / most);
  if (side <= 1) return latent;
  const [rows, columns] = [Math.max(1, Math.floor(h / side)), Math.max(1, Math.floor(w / side))];
  const data = new Float32Array(channels * rows * columns);
  for (let c = 0, at = 0; c < channels; c += 1)
    for (let y = 0; y < rows; y += 1)
      for (let x = 0; x < columns; x += 1, at += 1) data[at] = mean(latent, c, { y, x, side });
  return { dims: [1, channels, rows, columns], data };
}

type Square = Readonly<{ y: number; x: number; side: number }>;

function mean({ dims, data }: Latent, channel: number, { y, x, side }: Square): number {
  const [, , h = 0, w = 0] = dims;
  let sum = 0;
  let count = 0;
  for (let row = y * side; row < Math.min(h, (y + 1) * side); row += 1)
    for (let column = x * side; column < Math.min(w, (x + 1) * side); column += 1, count += 1)
      sum += data[(channel * h + row) * w + column]!;
  return sum / count;
}

/**
 * A network's answer as pixels.
 *
 * @param image [1, 3, H, W], about -1 to 1
 */
export function imageOf({ dims, data }: Latent): PreviewImage {
  const [, , height = 0, width = 0] = dims;
  const plane = height * width;
  const pixels = new Uint8Array(plane * 3);
  for (let pixel = 0, at = 0; pixel < plane; pixel += 1)
    for (let colour = 0; colour < 3; colour += 1, at += 1) pixels[at] = byte(data[colour * plane + pixel]!);
  return { width, height, data: pixels };
}
