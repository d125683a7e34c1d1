import { roundHalfEven } from "#/lib/round-half-even.ts";
import type { Pixmap } from "../pixmap.ts";

/**
 * A picture brought to a size as control images are where theirs is another one: the middle of it that has the size's aspect,
 * each pixel of it the nearest one to its own centre (torch's `nearest-exact`).
 */
export function fitNearest(
  picture: Pixmap,
  { width, height }: Readonly<{ width: number; height: number }>,
): Pixmap {
  if (picture.width === width && picture.height === height) return picture;
  const [own, wanted] = [picture.width / picture.height, width / height];
  const left = own > wanted ? roundHalfEven((picture.width - picture.width * (wanted / own)) / 2) : 0;
  const top = own < wanted ? roundHalfEven((picture.height - picture.height * (own / wanted)) / 2) : 0;
  const kept = { width: picture.width - 2 * left, height: picture.height - 2 * top };
  const columns = nearest(kept.width, width);
  const rows = nearest(kept.height, height);
  const data = new Uint8Array(3 * width * height);
  let to = 0;
  for (const row of rows)
    for (const column of columns) {
      const from = 3 * ((top + row) * picture.width + left + column);
      for (let c = 0; c < 3; c += 1) data[to++] = picture.data[from + c]!;
    }
  return { width, height, data };
}

/** For each of so many places the one of `from` places whose centre is nearest. */
const nearest = (from: number, to: number): readonly number[] =>
  Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor((i + 0.5) * (from / to))));
