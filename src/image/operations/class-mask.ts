import type { Greymap } from "../greymap.ts";
import type { Plane } from "./stretched-matte.ts";

/** What a network says of each pixel for each of its classes: [classes, height, width]. */
export type Planes = Plane & Readonly<{ classes: number }>;

/** 255 where a class has the largest value of all, the first of several that have it; else 0. */
export function classMask({ width, height, classes, data }: Planes, wanted: number): Greymap {
  const pixels = width * height;
  const mask = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i += 1) {
    let best = 0;
    for (let c = 1; c < classes; c += 1)
      if ((data[c * pixels + i] ?? 0) > (data[best * pixels + i] ?? 0)) best = c;
    mask[i] = best === wanted ? 255 : 0;
  }
  return { width, height, channels: 1, data: mask };
}
