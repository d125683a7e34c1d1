import type { KeptPreview } from "#/fleet/fleet-log.ts";
import { decodeImage } from "#/image/decode.ts";
import { encodePreview } from "#/image/encode.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Preview } from "../life-cycle/task.ts";

/** A preview that another machine made: fetched when somebody wants to see it, once, and read when somebody wants it otherwise. */
export function keptPreview({ width, height, png }: KeptPreview): Preview {
  let pixmap: Promise<Pixmap | undefined> | undefined;
  let webp: Promise<Uint8Array | undefined> | undefined;
  const decoded = (): Promise<Pixmap | undefined> => {
    pixmap ??= png().then((bytes) => bytes && decodeImage(bytes, "preview"));
    return pixmap;
  };
  return {
    width,
    height,
    pixmap: decoded,
    png,
    webp: () => {
      webp ??= decoded().then((one) => one && encodePreview(one, "webp"));
      return webp;
    },
    hold: () => void png(),
  };
}
