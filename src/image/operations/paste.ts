import { channelsOf, type Picture } from "../greymap.ts";
import { likePicture } from "./like-picture.ts";

/** A copy of a picture with another one in it, its left upper corner at `at`; what would be outside is left out. */
export function paste<P extends Picture>(
  onto: P,
  picture: P,
  at: Readonly<{ left: number; top: number }>,
): P {
  const { left, top } = at;
  const channels = channelsOf(onto);
  const data = onto.data.slice();
  const [first, last] = [Math.max(0, -left), Math.min(picture.width, onto.width - left)];
  const end = Math.min(picture.height, onto.height - top);
  if (last <= first) return likePicture(onto, onto, data);
  for (let y = Math.max(0, -top); y < end; y += 1) {
    const row = y * picture.width;
    const values = picture.data.subarray((row + first) * channels, (row + last) * channels);
    data.set(values, ((top + y) * onto.width + left + first) * channels);
  }
  return likePicture(onto, onto, data);
}
