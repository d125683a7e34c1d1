import type { Greymap } from "../greymap.ts";
import type { Pixmap } from "../pixmap.ts";
import { decolor } from "./decolor.ts";
import { gaussianBlur } from "./gaussian-blur.ts";
import { stretchContrast } from "./stretch-contrast.ts";

const { fround } = Math;

/**
 * The structures of a picture in grey ("contrast preserving decolourisation, structure"): what a ControlNet for these is
 * shown. The grey of {@link decolor}, brighter where its boosted colours are far from the picture's own.
 */
export function cpds(picture: Pixmap): Greymap {
  const blurred = gaussianBlur(picture);
  const { grey, boosted } = decolor(blurred);
  const { width, height } = picture;
  const data = new Float32Array(width * height);
  for (let i = 0; i < data.length; i += 1) {
    let sum = 0;
    for (let at = 3 * i; at < 3 * i + 3; at += 1) sum += (blurred.data[at]! - boosted.data[at]!) ** 2;
    data[i] = grey.data[i]! + fround(Math.sqrt(sum));
  }
  return stretchContrast({ width, height, data }, [4, 96]);
}
