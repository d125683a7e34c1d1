import { channelsOf, type Picture } from "../greymap.ts";
import { likePicture } from "./like-picture.ts";

/** The largest value of the 3 x 3 pixels around each, `times` times over, as OpenCV's dilate: what is outside is ignored. */
export function dilate<P extends Picture>(picture: P, times = 1): P {
  return spread(picture, times, 0);
}

/** The smallest value of the 3 x 3 pixels around each, `times` times over, as OpenCV's erode: what is outside is ignored. */
export function erode<P extends Picture>(picture: P, times = 1): P {
  return spread(picture, times, 255);
}

/**
 * `times` squares of 3 are one of 2 * times + 1, and that is one of rows and one of columns. Erosion is dilation of the negative
 * (`flip` 255): x ^ 255. Outside is 0, which is never the largest.
 */
function spread<P extends Picture>(picture: P, times: number, flip: 0 | 255): P {
  if (!Number.isInteger(times) || times < 0) throw new RangeError(`cannot be done ${times} times`);
  const channels = channelsOf(picture);
  const { width, height } = picture;
  const values = width * channels;
  const all = new Uint8Array((height + 2 * times) * values);
  const row = new Uint8Array((width + 2 * times) * channels);
  for (let y = 0; y < height; y += 1) {
    row.fill(0);
    for (let x = 0; x < values; x += 1) row[times * channels + x] = picture.data[y * values + x]! ^ flip;
    largestOfWindows(row, channels, 2 * times + 1);
    all.set(row.subarray(0, values), (times + y) * values);
  }
  largestOfWindows(all, values, 2 * times + 1);
  return likePicture(
    picture,
    picture,
    all.subarray(0, height * values).map((value) => value ^ flip),
  );
}

/**
 * Each value becomes the largest of `window` values, itself and those behind it at distances of `step`: by windows twice as
 * long each time, so that a long one costs little more than a short one.
 */
function largestOfWindows(values: Uint8Array, step: number, window: number): void {
  for (let reached = 1; reached < window; ) {
    const further = Math.min(reached, window - reached);
    const distance = further * step;
    for (let i = 0; i + distance < values.length; i += 1) {
      const other = values[i + distance]!;
      if (other > values[i]!) values[i] = other;
    }
    reached += further;
  }
}
