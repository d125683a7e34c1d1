import type { Pixmap } from "../pixmap.ts";
import { bicubicResize } from "./bicubic-resize.ts";
import { crop } from "./crop.ts";

/** The middle of a picture whose shorter side was brought to `side` pixels, as CLIP's own preparation has it: byte for byte. */
export function centreSquare(picture: Pixmap, side: number): Pixmap {
  const { width, height } = picture;
  const longer = Math.trunc((side * Math.max(width, height)) / Math.min(width, height));
  const size = width <= height ? { width: side, height: longer } : { width: longer, height: side };
  const resized = bicubicResize(picture, size);
  const left = Math.floor((size.width - side) / 2);
  const top = Math.floor((size.height - side) / 2);
  return crop(resized, { left, top, right: left + side, bottom: top + side });
}
