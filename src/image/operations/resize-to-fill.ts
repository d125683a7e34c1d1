import type { Picture } from "../greymap.ts";
import { lanczos } from "./lanczos-resize.ts";
import { resample } from "./resample.ts";

/**
 * A picture of a size that another one fills: scaled by Lanczos until both sides reach, its middle kept ("crop and resize" of
 * control images). Only what is kept is made, so that a strip one pixel high is no danger.
 */
export function resizeToFill<P extends Picture>(
  picture: P,
  size: Readonly<{ width: number; height: number }>,
): P {
  const { width, height } = size;
  const wide = width / height > picture.width / picture.height;
  const scaled = {
    width: wide ? width : Math.max(width, Math.floor((picture.width * height) / picture.height)),
    height: wide ? Math.max(height, Math.floor((picture.height * width) / picture.width)) : height,
  };
  const left = Math.floor(scaled.width / 2) - Math.floor(width / 2);
  const top = Math.floor(scaled.height / 2) - Math.floor(height / 2);
  return resample(picture, scaled, lanczos, { left, top, right: left + width, bottom: top + height });
}
