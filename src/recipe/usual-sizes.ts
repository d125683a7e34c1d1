import type { Sidecar } from "#/catalog/sidecar.ts";
import { workingSizeNumber } from "./working-size-number.ts";

/** The sizes that Fooocus' page offers, which SDXL was trained on. */
const ofSdxl =
  "704*1408 704*1344 768*1344 768*1280 832*1216 832*1152 896*1152 896*1088 960*1088 960*1024 1024*1024 1024*960 1088*960 1088*896 1152*896 1152*832 1216*832 1280*768 1344*768 1344*704 1408*704 1472*704 1536*640 1600*640 1664*576 1728*576".split(
    " ",
  );

/** Pixels that a side of a picture is a multiple of. */
const grain = 8;

/**
 * Sizes to offer for a checkpoint, as `width*height`: those that its own file names, else SDXL's, brought to as many pixels as
 * it draws.
 */
export function usualSizes(sidecar: Sidecar): readonly string[] {
  if (sidecar.good_sizes !== undefined) return sidecar.good_sizes.map((size) => size.replace("×", "*"));
  const scale = workingSizeNumber(sidecar) / 1024;
  const brought = (size: string): string =>
    size
      .split("*")
      .map((side) => Math.round((Number(side) * scale) / grain) * grain)
      .join("*");
  return [...new Set(ofSdxl.map(brought))];
}
