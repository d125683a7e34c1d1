import { crop } from "#/image/operations/crop.ts";
import { lanczos, lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { padByEdge } from "#/image/operations/pad.ts";
import { ResampledBands } from "#/image/operations/resample-bands.ts";
import { enlargedSize } from "#/image/operations/source-sizes.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Source } from "#/recipe/recipe.ts";
import type { Enlarging } from "#/runtime/upscaler/super-resolve.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import { byParts, type Part } from "../stages/by-parts.ts";
import { vaesFor } from "../vaes.ts";
import type { Beginning } from "./beginning.ts";
import { encodePicture } from "./encode-picture.ts";
import { inputAt } from "./input-at.ts";
import { undrawable } from "./undrawable.ts";

type Upscale = Extract<Source, { kind: "upscale" }>;

/**
 * A picture enlarged by the upscaling network and brought to its size (pipeline section 10): the result itself, or what is
 * diffused with a part of the schedule. Sides that are no multiples of 8 are continued by their edges for the VAE, and cut
 * again at the end.
 */
export async function* upscale(job: Job, source: Upscale): AsyncGenerator<Fact, Beginning, undefined> {
  yield { type: "progress", at: { stage: "preparing", image: 0 } };
  const enlarged = yield* enlargedPicture(job, source);
  if (source.direct) return { kind: "picture", image: enlarged };
  const vae = vaesFor(job, source.strength).encoding;
  const { width, height } = enlarged;
  const padded = padByEdge(enlarged, { left: 0, top: 0, right: -width & 7, bottom: -height & 7 });
  const box = { left: 0, top: 0, right: width, bottom: height };
  return {
    kind: "latent",
    latent: yield* encodePicture(job, { image: padded, vae, gives: "start", tiles: true }),
    denoise: source.strength,
    tiles: true,
    finish: (image) => crop(image, box),
  };
}

/** The network's picture is many times as large as the result: its rows are brought to that size as they come. */
async function* enlargedPicture(
  job: Job,
  { picture, factor, working, by }: Upscale,
): AsyncGenerator<Fact, Pixmap, undefined> {
  const input = inputAt(job, picture);
  const { size } = enlargedSize(input, factor, working) ?? undrawable(input);
  if (by === "lanczos") return lanczosResize(input, size);
  const { scale, enlarge } = job.networks.upscaler();
  const { width, height } = input;
  const bands = new ResampledBands({ width: scale * width, height: scale * height }, size, lanczos);
  return yield* byParts(bandParts(enlarge(input), bands), {
    clock: job.clock,
    counts: "encoding",
    check: () => job.run.checkStop(),
    at: ({ done: part, of: parts }) => ({ stage: "upscaling", image: 0, width, height, part, parts }),
  });
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
