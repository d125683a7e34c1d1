import { channelsOf, type Picture } from "../greymap.ts";

/** How a picture changes at each pixel, to the right and down, and |dx| + |dy| with a border of one zero around. */
export type Gradients = Readonly<{
  dx: Int16Array;
  dy: Int16Array;
  magnitude: Int32Array;
  /** Values a row of `magnitude`: width + 2. */
  stride: number;
}>;

/** Sobel's 3 x 3 derivatives, edges repeated outwards; of three channels the steepest counts, the first of equal ones. */
export function gradients(picture: Picture): Gradients {
  const { width, height, data } = picture;
  const channels = channelsOf(picture);
  const stride = width + 2;
  const dx = new Int16Array(width * height);
  const dy = new Int16Array(width * height);
  const magnitude = new Int32Array(stride * (height + 2));
  const row = width * channels;
  for (let y = 0; y < height; y += 1) {
    const above = Math.max(0, y - 1) * row;
    const here = y * row;
    const below = Math.min(height - 1, y + 1) * row;
    for (let x = 0; x < width; x += 1) {
      let most = -1;
      for (let c = 0; c < channels; c += 1) {
        const left = Math.max(0, x - 1) * channels + c;
        const own = x * channels + c;
        const right = Math.min(width - 1, x + 1) * channels + c;
        const falling = data[below + right]! - data[above + left]!;
        const rising = data[above + right]! - data[below + left]!;
        const across = falling + rising + 2 * (data[here + right]! - data[here + left]!);
        const down = falling - rising + 2 * (data[below + own]! - data[above + own]!);
        const sum = Math.abs(across) + Math.abs(down);
        if (sum <= most) continue;
        most = sum;
        dx[y * width + x] = across;
        dy[y * width + x] = down;
      }
      magnitude[(y + 1) * stride + x + 1] = most;
    }
  }
  return { dx, dy, magnitude, stride };
}
