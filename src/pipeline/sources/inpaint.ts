import type { Greymap } from "#/image/greymap.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { threshold } from "#/image/operations/threshold.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { InpaintSource, Size } from "#/recipe/recipe.ts";
import { zeros } from "#/tensor/tensor.ts";
import type { Fact } from "../generate.ts";
import { type AreaToDraw, areaToDraw } from "../inpaint/area-to-draw.ts";
import { filled } from "../inpaint/filled.ts";
import { inColours } from "../inpaint/in-colours.ts";
import { latentHole } from "../inpaint/latent-hole.ts";
import { pasteBack } from "../inpaint/paste-back.ts";
import { toldOfHole } from "../inpaint/told-of-hole.ts";
import { isSmall, workingSize } from "../inpaint/working-size.ts";
import type { Job } from "../job.ts";
import { byParts, type PartsTold } from "../stages/by-parts.ts";
import { soleIn, vaesFor } from "../vaes.ts";
import type { Beginning, LatentBeginning } from "./beginning.ts";
import { encodePicture } from "./encode-picture.ts";
import { enlargedTo } from "./enlarged-to.ts";

type Facts<T> = AsyncGenerator<Fact, T, undefined>;

/** From this strength on the hole begins with the colours around it, and not with what is there. */
const fillFrom = 0.99;

/** What is drawn on, both sides multiples of 64: the part of the picture, its hole, and the part with the hole flowed over. */
type Working = Readonly<{ picture: Pixmap; hole: Greymap; fill: Pixmap }>;

/**
 * A part of a picture is painted anew, or the picture continued beyond its sides (pipeline section 11): the part around the
 * hole is drawn at the model's own size and put back into the whole picture, all else of which stays as it is.
 *
 * @throws RequestError `invalid-value` where the hole is none, or the part of no size that can be drawn
 */
export async function* inpaint(job: Job, source: InpaintSource): Facts<Beginning> {
  yield { type: "progress", at: { stage: "preparing", image: 0 } };
  const area = areaToDraw(job.inputs, source);
  job.run.checkStop();
  const working = yield* workedOn(job, source, area);
  if (source.show === "preparation")
    return { kind: "pictures", images: [working.fill, inColours(working.hole), working.picture] };
  const finish = (made: Pixmap): Pixmap => pasteBack(area.place, made);
  const { width, height } = working.picture;
  const alike = (other: Pixmap): Pixmap | undefined => {
    const part = area.partOf(other);
    return part && lanczosResize(part, { width, height });
  };
  return { ...(yield* latents(job, source, working)), alike, finish };
}

async function* workedOn(job: Job, source: InpaintSource, { part, mask }: AreaToDraw): Facts<Working> {
  const size = workingSize(part, source.working);
  const picture = yield* broughtTo(job, source, part, size);
  const hole = threshold(lanczosResize(mask, size));
  if (source.strength <= fillFrom) return { picture, hole, fill: picture };
  return { picture, hole, fill: yield* byParts(filled(picture, hole), toldAsHoles(job)) };
}

/** A part that is smaller than what is drawn is enlarged by a network, as far as there is one. */
async function* broughtTo(
  job: Job,
  { working, enlarge }: InpaintSource,
  part: Pixmap,
  size: Size,
): Facts<Pixmap> {
  if (!isSmall(part, working)) return lanczosResize(part, size);
  if (enlarge.tell) yield { type: "note", note: { note: "part-enlarged", by: enlarge.by } };
  if (enlarge.by === "lanczos") return lanczosResize(part, size);
  return yield* byParts(enlargedTo(part, size, job.networks.upscaler()), toldAsHoles(job));
}

/** Work before the picture with its holes is encoded is told as that, as in the reference. */
const toldAsHoles = ({ clock, run }: Job): PartsTold => ({
  clock,
  counts: "encoding",
  check: () => run.checkStop(),
  at: ({ done: strip, of: strips }) => ({
    stage: "encoding-picture",
    image: 0,
    gives: "holes",
    strip,
    strips,
  }),
});

/** What the sampler starts from and keeps, and what the denoising network is told of the hole. */
async function* latents(
  job: Job,
  { strength, startEmpty }: InpaintSource,
  { picture, hole, fill: image }: Working,
): Facts<LatentBeginning> {
  const { refiner } = job.networks;
  const { encoding: vae } = vaesFor(job, strength);
  const mask = latentHole(hole);
  const further =
    job.recipe.patch === undefined ? undefined : yield* toldOfHole(job, { picture, hole, mask });
  const refinerFill =
    refiner?.family === "sd-1" && soleIn(job, strength) === undefined
      ? yield* encodePicture(job, { image, vae: refiner.vae, gives: "refiner" })
      : undefined;
  const fill = yield* encodePicture(job, { image, vae, gives: "start" });
  return {
    kind: "latent",
    latent: startEmpty ? zeros(fill.dims) : fill,
    denoise: strength,
    repaint: { mask, fill, ...(refinerFill === undefined ? {} : { refinerFill }) },
    ...(further === undefined ? {} : { further: [further] }),
  };
}
