import { decodeImage, withPicture } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import { crop } from "#/image/operations/crop.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { padByEdge } from "#/image/operations/pad.ts";
import { resizeToFill } from "#/image/operations/resize-to-fill.ts";
import type { Pixmap, SentPicture } from "#/image/pixmap.ts";
import type { Size } from "./size.ts";

/** How a picture is brought to a size: stretched, cut, or continued by its border; the last is for latents there. */
export type ResizeMode = 0 | 1 | 2 | 3;

/**
 * A picture at a size, as A1111 brings it there.
 *
 * @returns a PNG
 * @throws RequestError as `decodeImage`
 */
export async function fitPicture(
  bytes: Uint8Array,
  field: string,
  { size, mode, decoding }: Readonly<{ size: Size; mode: ResizeMode; decoding: DecodeGate | undefined }>,
): Promise<Uint8Array> {
  const picture = await decodeImage(bytes, field, decoding);
  return await encodeImage(fitted(picture, size, mode), "png");
}

/**
 * A mask: what is opaque of a picture that is transparent in places, else what is white.
 *
 * @param size nothing leaves it as large as it is
 */
export async function fitMask(
  bytes: Uint8Array,
  field: string,
  {
    size,
    mode,
    decoding,
  }: Readonly<{ size: Size | undefined; mode: ResizeMode; decoding: DecodeGate | undefined }>,
): Promise<Uint8Array> {
  const gate = decoding ?? new DecodeGate();
  const opaque = await withPicture(bytes, field, gate, async (sent) => opaqueParts(sent));
  const mask = opaque ?? (await decodeImage(bytes, field, decoding, "black"));
  return await encodeImage(size === undefined ? mask : fitted(mask, size, mode), "png");
}

/** White where a picture is opaque by half; nothing for one that is so everywhere. */
function opaqueParts({ width, height, channels, data }: SentPicture): Pixmap | undefined {
  if (channels !== 4) return undefined;
  const white = new Uint8Array(width * height * 3);
  let seen = false;
  for (let at = 0; at < width * height; at += 1) {
    const alpha = data[at * 4 + 3] ?? 255;
    seen ||= alpha < 255;
    if (alpha > 128) white.fill(255, at * 3, at * 3 + 3);
  }
  return seen ? { width, height, data: white } : undefined;
}

function fitted(picture: Pixmap, size: Size, mode: ResizeMode): Pixmap {
  if (picture.width === size.width && picture.height === size.height) return picture;
  switch (mode) {
    case 0:
    case 3:
      return lanczosResize(picture, size);
    case 1:
      return resizeToFill(picture, size);
    case 2:
      return continued(picture, size);
  }
}

/** The whole picture in the middle, its border repeated outwards. */
function continued(picture: Pixmap, { width, height }: Size): Pixmap {
  const high = width / height >= picture.width / picture.height;
  const inner = {
    width: high ? Math.max(1, Math.floor((picture.width * height) / picture.height)) : width,
    height: high ? height : Math.max(1, Math.floor((picture.height * width) / picture.width)),
  };
  const left = Math.floor(width / 2) - Math.floor(inner.width / 2);
  const top = Math.floor(height / 2) - Math.floor(inner.height / 2);
  const sides = {
    left,
    top,
    right: Math.max(0, width - inner.width - left),
    bottom: Math.max(0, height - inner.height - top),
  };
  const whole = padByEdge(lanczosResize(picture, inner), sides);
  return crop(whole, { left: 0, top: 0, right: width, bottom: height });
}
