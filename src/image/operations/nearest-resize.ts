import type { Greymap } from "../greymap.ts";

/** A mask at another size, each pixel the one whose centre is nearest, as Pillow's NEAREST: no values come in between. */
export function nearestResize(
  mask: Greymap,
  { width, height }: Readonly<{ width: number; height: number }>,
): Greymap {
  const columns = nearest(mask.width, width);
  const data = new Uint8Array(width * height);
  let to = 0;
  for (const row of nearest(mask.height, height))
    for (const column of columns) data[to++] = mask.data[row * mask.width + column] ?? 0;
  return { width, height, channels: 1, data };
}

/** Pillow adds up the distance of the centres, where that is rounded it may be the pixel before (ImagingScaleAffine in its Geometry.c). */
function nearest(from: number, to: number): readonly number[] {
  const step = from / to;
  let centre = step * 0.5;
  return Array.from({ length: to }, () => {
    const place = Math.min(from - 1, Math.floor(centre));
    centre += step;
    return place;
  });
}
