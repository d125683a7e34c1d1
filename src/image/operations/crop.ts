import { channelsOf, type Picture } from "../greymap.ts";
import { likePicture } from "./like-picture.ts";

/** A rectangle of pixels; `right` and `bottom` are the first column and row that are not in it any more. */
export type Box = Readonly<{ left: number; top: number; right: number; bottom: number }>;

/** The pixels inside a box; the picture itself where that is all of it. @throws RangeError where it is empty or reaches out of the picture */
export function crop<P extends Picture>(picture: P, box: Box): P {
  const { left, top, right, bottom } = box;
  const inside = left >= 0 && top >= 0 && right <= picture.width && bottom <= picture.height;
  if (!inside || right <= left || bottom <= top)
    throw new RangeError(
      `columns ${left} to ${right}, rows ${top} to ${bottom} are no part of ${picture.width} x ${picture.height} pixels`,
    );
  const size = { width: right - left, height: bottom - top };
  if (size.width === picture.width && size.height === picture.height) return picture;
  const channels = channelsOf(picture);
  const values = size.width * channels;
  const data = new Uint8Array(values * size.height);
  for (let y = 0; y < size.height; y += 1) {
    const from = ((top + y) * picture.width + left) * channels;
    data.set(picture.data.subarray(from, from + values), y * values);
  }
  return likePicture(picture, size, data);
}
