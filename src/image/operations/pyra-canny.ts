import type { Greymap } from "../greymap.ts";
import type { Pixmap } from "../pixmap.ts";
import { areaResize } from "./area-resize.ts";
import { bilinearResize } from "./bilinear-resize.ts";
import { canny } from "./canny.ts";
import type { FloatMap } from "./float-map.ts";
import { stretchContrast } from "./stretch-contrast.ts";

/** Sizes at which edges are looked for, in tenths: the network was trained on edges of many resolutions. */
const tenths = [2, 3, 4, 5, 6, 7, 8, 9, 10];

/**
 * The edges of a picture at nine sizes, laid over each other: what a ControlNet for Canny's edges is shown. Each colour's edges
 * are drawn alone and added up.
 *
 * @param thresholds Canny's, 0 ... 255 and beyond
 * @throws RangeError where the picture has a side of less than 5 pixels
 */
export function pyraCanny(picture: Pixmap, thresholds: Readonly<{ low: number; high: number }>): Greymap {
  let laid: FloatMap | undefined;
  for (const tenth of tenths) {
    const size = {
      width: Math.trunc(picture.width * (tenth / 10)),
      height: Math.trunc(picture.height * (tenth / 10)),
    };
    const edges = edgesOfColours(areaResize(picture, size), thresholds);
    laid = laid === undefined ? edges : mixed(bilinearResize(laid, size), edges);
  }
  const { width, height, data } = laid ?? { ...picture, data: new Float32Array() };
  const sums = new Float32Array(width * height);
  for (let i = 0; i < sums.length; i += 1)
    sums[i] = Math.fround(data[3 * i]! + data[3 * i + 1]!) + data[3 * i + 2]!;
  return stretchContrast({ width, height, data: sums }, [1, 99]);
}

function edgesOfColours(
  { width, height, data }: Pixmap,
  { low, high }: Readonly<{ low: number; high: number }>,
): FloatMap {
  const edges = new Float32Array(data.length);
  for (let c = 0; c < 3; c += 1) {
    const colour = new Uint8Array(width * height);
    for (let i = 0; i < colour.length; i += 1) colour[i] = data[3 * i + c]!;
    const found = canny({ width, height, data: colour, channels: 1 }, low, high);
    for (let i = 0; i < colour.length; i += 1) edges[3 * i + c] = found.data[i]! / 255;
  }
  return { width, height, channels: 3, data: edges };
}

function mixed(laid: FloatMap, edges: FloatMap): FloatMap {
  const data = laid.data.map((value, i) => Math.fround(value * 0.75) + Math.fround(edges.data[i]! * 0.25));
  return { ...laid, data };
}
