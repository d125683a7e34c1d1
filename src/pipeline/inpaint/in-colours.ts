import type { Greymap } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";

/** A mask as a picture of three channels, to be shown. */
export const inColours = ({ width, height, data }: Greymap): Pixmap => ({
  width,
  height,
  data: new Uint8Array(3 * data.length).map((_, at) => data[Math.floor(at / 3)]!),
});
