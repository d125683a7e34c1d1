import type { Greymap } from "#/image/greymap.ts";
import { cpds } from "#/image/operations/cpds.ts";
import { fitNearest } from "#/image/operations/fit-nearest.ts";
import { pyraCanny } from "#/image/operations/pyra-canny.ts";
import { resizeToFill } from "#/image/operations/resize-to-fill.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Controls, ControlUse, Size } from "#/recipe/recipe.ts";
import type { Tensor } from "#/tensor/tensor.ts";

/** Kinds of pictures that a ControlNet guides by. */
export type NetKind = Extract<ControlUse["kind"], "canny" | "cpds">;

/**
 * A control image as its ControlNet is shown it (pipeline section 12.1): filling the size, and of that the edges or the
 * structures, unless it is such already.
 */
export function preparedControl(
  picture: Pixmap,
  size: Size,
  kind: NetKind,
  { prepare, canny }: Pick<Controls, "prepare" | "canny">,
): Pixmap {
  const fills = picture.width === size.width && picture.height === size.height;
  const filling = fills ? picture : resizeToFill(picture, size);
  if (!prepare) return filling;
  switch (kind) {
    case "canny":
      return inColours(pyraCanny(filling, canny));
    case "cpds":
      return inColours(cpds(filling));
  }
}

function inColours({ width, height, data }: Greymap): Pixmap {
  const colours = new Uint8Array(3 * data.length);
  for (let i = 0; i < data.length; i += 1) colours.fill(data[i] ?? 0, 3 * i, 3 * i + 3);
  return { width, height, data: colours };
}

/** The same as a ControlNet reads it, at the size that is sampled: [1, 3, 8h, 8w] from 0 to 1. */
export function netPixels(image: Pixmap, size: Size): Tensor {
  const { width, height, data } = fitNearest(image, size);
  const plane = width * height;
  const values = Float32Array.from(
    { length: 3 * plane },
    (_, i) => (data[3 * (i % plane) + Math.floor(i / plane)] ?? 0) / 255,
  );
  return { dims: [1, 3, height, width], data: values };
}
