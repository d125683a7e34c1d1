import type { Picture } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { goldenTensors } from "./golden.ts";

/** Which picture a golden case starts from: a photograph of the fixture (or its green alone), or one made of integers. */
export type PictureSource = Readonly<
  | { photo: string; channels: 1 | 3 }
  | { kind: string; width: number; height: number; channels: 1 | 3; seed: number; photo?: undefined }
>;

const fixture = goldenTensors("picture-operations.safetensors");

/** The picture, as `scripts/golden/picture_operations.py` makes it. */
export function goldenPicture(source: PictureSource): Picture {
  if (source.photo === undefined) {
    const { width, height, channels } = source;
    const data = Uint8Array.from({ length: width * height * channels }, (_, i) => valueAt(i, source));
    return channels === 1 ? { width, height, data, channels } : { width, height, data };
  }
  const photo = goldenPhoto(source.photo);
  if (source.channels === 3) return photo;
  return { ...photo, data: photo.data.filter((_, i) => i % 3 === 1), channels: 1 };
}

/** A photograph of the fixture. */
export function goldenPhoto(name: string): Pixmap {
  const { dims, data } = fixture(`photo.${name}`);
  const [height = 0, width = 0] = dims;
  return { width, height, data: Uint8Array.from(data) };
}

type Made = Exclude<PictureSource, { photo: string }>;

function valueAt(i: number, { kind, width, channels, seed }: Made): number {
  const pixel = Math.floor(i / channels);
  if (kind === "flat") return seed & 255;
  if (kind === "colours") return ((pixel >> (6 * (i % channels))) & 63) * 4 + (pixel % 4);
  if (kind === "ramp")
    return ((pixel % width) * (3 + seed) + Math.floor(pixel / width) * 5 + (i % channels) * 11) & 255;
  if (kind === "waves" || kind === "grey-waves") {
    const [x, y, c] = [pixel % width, Math.floor(pixel / width), kind === "waves" ? i % channels : 0];
    return (((x * x * (c + 1)) >> 6) + ((y * y * (seed + c)) >> 8)) & 255;
  }
  let word = (Math.imul(i, 2654435761) + seed * 40503) >>> 0;
  word = Math.imul(word ^ (word >>> 15), 2246822519) >>> 0;
  word = (word ^ (word >>> 13)) >>> 0;
  return kind === "extreme" ? ((word >>> 8) & 1) * 255 : (word >>> 8) & 255;
}
