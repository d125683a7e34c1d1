import { channelsOf, type Picture } from "../greymap.ts";
import { likePicture } from "./like-picture.ts";

/** Pixels to add on each side. */
export type Sides = Readonly<{ left: number; top: number; right: number; bottom: number }>;

/** A larger picture: its edge pixels are repeated outwards, corners in the corners. */
export function padByEdge<P extends Picture>(picture: P, sides: Sides): P {
  return pad(picture, sides, "edge");
}

/** A larger picture: what is added has one value in all channels. */
export function padByValue<P extends Picture>(picture: P, sides: Sides, value: number): P {
  return pad(picture, sides, value);
}

function pad<P extends Picture>(picture: P, { left, top, right, bottom }: Sides, fill: "edge" | number): P {
  if (![left, top, right, bottom].every((side) => Number.isInteger(side) && side >= 0))
    throw new RangeError(`cannot add ${left}, ${top}, ${right}, ${bottom} pixels`);
  const channels = channelsOf(picture);
  const { width, height } = picture;
  const size = { width: left + width + right, height: top + height + bottom };
  const values = size.width * channels;
  const data = new Uint8Array(values * size.height);
  if (fill !== "edge") data.fill(fill);
  for (let y = 0; y < size.height; y += 1) {
    const from = Math.min(Math.max(y - top, 0), height - 1) * width;
    if (fill !== "edge" && (y < top || y >= top + height)) continue;
    const row = picture.data.subarray(from * channels, (from + width) * channels);
    const to = y * values;
    data.set(row, to + left * channels);
    if (fill !== "edge") continue;
    for (let x = 0; x < left * channels; x += 1) data[to + x] = row[x % channels]!;
    const after = to + (left + width) * channels;
    for (let x = 0; x < right * channels; x += 1)
      data[after + x] = row[(width - 1) * channels + (x % channels)]!;
  }
  return likePicture(picture, size, data);
}
