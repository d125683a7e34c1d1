import { channelsOf, type Picture } from "../greymap.ts";
import { likePicture } from "./like-picture.ts";

/** e^(-k²/2σ²) for σ = 0.8 in 256ths, as OpenCV rounds them so that they sum to 256. Its outermost two taps of 7 become 0. */
const taps = [6, 58, 128, 58, 6] as const;

/**
 * OpenCV's GaussianBlur of σ 0.8, byte for byte: rows and columns by weights of 8 bits, rounded once at the end; borders are
 * mirrored without their outermost pixel.
 */
export function gaussianBlur<P extends Picture>(picture: P): P {
  const channels = channelsOf(picture);
  const { width, height, data } = picture;
  const values = width * channels;
  const rows = new Uint16Array(data.length);
  for (let x = 0; x < width; x += 1) {
    const from = taps.map((_, k) => mirrored(x + k - 2, width) * channels);
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = from;
    for (let y = 0; y < height; y += 1)
      for (let channel = 0; channel < channels; channel += 1) {
        const at = y * values + channel;
        rows[at + x * channels] =
          taps[0] * (data[at + a]! + data[at + e]!) +
          taps[1] * (data[at + b]! + data[at + d]!) +
          taps[2] * data[at + c]!;
      }
  }
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y += 1) {
    const from = taps.map((_, k) => mirrored(y + k - 2, height) * values);
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = from;
    for (let x = 0; x < values; x += 1)
      out[y * values + x] =
        (taps[0] * (rows[a + x]! + rows[e + x]!) +
          taps[1] * (rows[b + x]! + rows[d + x]!) +
          taps[2] * rows[c + x]! +
          2 ** 15) >>
        16;
  }
  return likePicture(picture, picture, out);
}

/** A place outside, mirrored at the first and last pixel until it is inside. */
function mirrored(place: number, size: number): number {
  if (size === 1) return 0;
  let at = place;
  while (at < 0 || at >= size) at = at < 0 ? -at : 2 * size - 2 - at;
  return at;
}
