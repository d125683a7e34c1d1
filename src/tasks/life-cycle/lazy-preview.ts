import { encodePreview } from "#/image/encode.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Preview } from "./task.ts";

/** A preview that costs nothing until somebody wants to see it. */
export function lazyPreview(pixmap: Pixmap): Preview {
  let png: Promise<Uint8Array> | undefined;
  let webp: Promise<Uint8Array> | undefined;
  return {
    width: pixmap.width,
    height: pixmap.height,
    pixmap: async () => pixmap,
    png: () => {
      png ??= encodePreview(pixmap, "png");
      return png;
    },
    webp: () => {
      webp ??= encodePreview(pixmap, "webp");
      return webp;
    },
  };
}
