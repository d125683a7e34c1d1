import type { Picture } from "../greymap.ts";

/** A picture of the kind of another one, with these pixels. */
export function likePicture<P extends Picture>(
  model: P,
  size: Readonly<{ width: number; height: number }>,
  data: Uint8Array,
): P {
  return { ...model, width: size.width, height: size.height, data };
}
