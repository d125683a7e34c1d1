import { crop } from "#/image/operations/crop.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { padByEdge } from "#/image/operations/pad.ts";
import { enlargedSize } from "#/image/operations/source-sizes.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Source } from "#/recipe/recipe.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import { byParts } from "../stages/by-parts.ts";
import { vaesFor } from "../vaes.ts";
import type { Beginning } from "./beginning.ts";
import { encodePicture } from "./encode-picture.ts";
import { enlargedTo } from "./enlarged-to.ts";
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

async function* enlargedPicture(
  job: Job,
  { picture, factor, working, by, direct }: Upscale,
): AsyncGenerator<Fact, Pixmap, undefined> {
  const input = inputAt(job, picture);
  const { size } = enlargedSize(input, factor, working) ?? undrawable(input);
  if (by === "lanczos") return lanczosResize(input, size);
  const { width, height } = input;
  return yield* byParts(enlargedTo(input, size, job.networks.upscaler()), {
    clock: job.clock,
    counts: "encoding",
    // Where this is the only picture, it is the one to skip.
    check: () => (direct ? job.run.check() : job.run.checkStop()),
    at: ({ done: part, of: parts }) => ({ stage: "upscaling", image: 0, width, height, part, parts }),
  });
}
