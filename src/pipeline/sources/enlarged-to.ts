import { lanczos } from "#/image/operations/lanczos-resize.ts";
import { ResampledBands } from "#/image/operations/resample-bands.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Enlarging, Upscaler } from "#/runtime/upscaler/super-resolve.ts";
import type { Part } from "../stages/by-parts.ts";

/**
 * A picture enlarged by the upscaling network and brought to a size. The network's picture is many times as large as that: its
 * rows are brought to size as they come.
 */
export function enlargedTo(
  picture: Pixmap,
  size: Readonly<{ width: number; height: number }>,
  { scale, enlarge }: Upscaler,
): AsyncGenerator<Part, Pixmap, undefined> {
  const { width, height } = picture;
  const bands = new ResampledBands({ width: scale * width, height: scale * height }, size, lanczos);
  return bandParts(enlarge(picture), bands);
}

async function* bandParts(
  enlarging: AsyncIterable<Enlarging>,
  bands: ResampledBands,
): AsyncGenerator<Part, Pixmap, undefined> {
  for await (const event of enlarging) {
    if (event.at === "rows") bands.add(event.rows);
    else yield event;
  }
  return bands.picture();
}
