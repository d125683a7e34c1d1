import sharp from "sharp";
import type { Pixmap } from "./pixmap.ts";

/** How a picture fills a size: stretched, cut to its middle, or whole in the middle with its border repeated outwards. */
export type Fit = "stretch" | "cut" | "continue";

/**
 * A picture at a size, by Lanczos, as a PNG without texts. Decoder's threads do it: pictures of clients are as large as they
 * like, and whoever serves others meanwhile must not wait.
 */
export async function fitPicture(
  picture: Pixmap,
  size: Readonly<{ width: number; height: number }>,
  fit: Fit,
): Promise<Uint8Array> {
  const { width, height, data } = picture;
  const source = sharp(data, { raw: { width, height, channels: 3 } });
  if (width === size.width && height === size.height) return await source.png().toBuffer();
  switch (fit) {
    case "stretch":
      return await source
        .resize({ ...size, fit: "fill" })
        .png()
        .toBuffer();
    case "cut":
      return await source
        .resize({ ...size, fit: "cover", position: "centre" })
        .png()
        .toBuffer();
    case "continue": {
      const { inner, sides } = placed(picture, size);
      const whole = source.resize({ ...inner, fit: "fill" });
      return await whole
        .extend({ ...sides, extendWith: "copy" })
        .png()
        .toBuffer();
    }
  }
}

/** The size of a picture that fits into another one, and what is left beside it. */
function placed(picture: Pixmap, { width, height }: Readonly<{ width: number; height: number }>) {
  const scale = Math.min(width / picture.width, height / picture.height);
  const side = (own: number, most: number): number => Math.min(most, Math.max(1, Math.round(own * scale)));
  const inner = { width: side(picture.width, width), height: side(picture.height, height) };
  const left = Math.floor((width - inner.width) / 2);
  const top = Math.floor((height - inner.height) / 2);
  return {
    inner,
    sides: { left, top, right: width - inner.width - left, bottom: height - inner.height - top },
  };
}
