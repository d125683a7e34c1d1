import { decodeImage } from "#/image/decode.ts";
import { encodePreview } from "#/image/encode.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { pngSizeOf } from "#/image/png-size.ts";
import type { Preview } from "../life-cycle/task.ts";

/** A preview that another machine made, read when somebody wants it otherwise. @returns nothing for what is no PNG */
export function pngPreview(bytes: Uint8Array): Preview | null {
  const size = pngSizeOf(bytes);
  if (size === undefined) return null;
  let pixmap: Promise<Pixmap> | undefined;
  let webp: Promise<Uint8Array> | undefined;
  const decoded = (): Promise<Pixmap> => {
    pixmap ??= decodeImage(bytes, "preview");
    return pixmap;
  };
  return {
    ...size,
    pixmap: decoded,
    png: async () => bytes,
    webp: () => {
      webp ??= decoded().then((one) => encodePreview(one, "webp"));
      return webp;
    },
  };
}
