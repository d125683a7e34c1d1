import type { Greymap } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { networks } from "#/networks/index.ts";
import type { InpaintSource } from "#/recipe/recipe.ts";
import { namedInput } from "#/sampling/guidance/inputs.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { zeros } from "#/tensor/tensor.ts";
import type { Fact } from "../generate.ts";
import { areaToDraw } from "../inpaint/area-to-draw.ts";
import { filled, fillParts } from "../inpaint/filled.ts";
import { latentHole } from "../inpaint/latent-hole.ts";
import { pasteBack } from "../inpaint/paste-back.ts";
import { pictureTensor } from "../inpaint/picture-tensor.ts";
import { type WorkingPictures, workingPictures } from "../inpaint/working-pictures.ts";
import type { Job } from "../job.ts";
import { pauseOf } from "../pause.ts";
import { samplingMethod } from "../sampling-method.ts";
import { encodePicture } from "../stages/encode-picture.ts";
import type { Beginning, LatentBeginning } from "./beginning.ts";

type Facts<T> = AsyncGenerator<Fact, T, undefined>;

/** From this strength on the hole begins with the colours around it, and not with what is there. */
const fillFrom = 0.99;

/**
 * A part of a picture is painted anew, or the picture continued beyond its sides (pipeline section 11): the part around the
 * hole is drawn at the model's own size and put back into the whole picture, all else of which stays as it is.
 *
 * @throws RequestError `invalid-value` where the hole is none, or the part of no size that can be drawn
 */
export async function* fromHole(job: Job, source: InpaintSource): Facts<Beginning> {
  yield { type: "progress", at: { stage: "preparing", image: 0 } };
  const { part, mask, place } = areaToDraw(job.inputs, source);
  job.run.checkStop();
  const working = workingPictures(part, mask, source.sizeNumber);
  const fill = source.strength > fillFrom ? yield* flowedIn(job, working) : working.picture;
  if (source.show === "preparation")
    return { kind: "pictures", images: [fill, inColours(working.hole), working.picture] };
  return { ...(yield* latents(job, source, { ...working, fill })), finish: (made) => pasteBack(place, made) };
}

/** The fill: told as what the picture with holes needs, before each blur. */
async function* flowedIn({ run, clock }: Job, { picture, hole }: WorkingPictures): Facts<Pixmap> {
  const pause = pauseOf(run);
  const walk = filled(picture, hole);
  for (let strip = 0; ; strip += 1) {
    await pause();
    if (strip < fillParts)
      yield {
        type: "progress",
        at: { stage: "encoding-picture", image: 0, gives: "holes", strip, strips: fillParts },
      };
    const next = await clock.time("encoding", async () => walk.next());
    if (next.done === true) return next.value;
  }
}

/** What the sampler starts from and keeps, and what the denoising network is told of the hole. */
async function* latents(
  job: Job,
  { strength, startEmpty }: InpaintSource,
  { picture, hole, fill }: WorkingPictures & Readonly<{ fill: Pixmap }>,
): Facts<LatentBeginning> {
  const { networks: own } = job;
  const mask = latentHole(hole);
  const holes = job.recipe.patch === undefined ? undefined : yield* toldOfHole(job, picture, hole, mask);
  const pixels = pictureTensor(fill);
  const refinerFill =
    own.refiner?.family === "sd-1"
      ? yield* encodePicture(job, pixels, { vae: own.refiner.vae, gives: "refiner" })
      : undefined;
  const kept = yield* encodePicture(job, pixels, { vae: own, gives: "start" });
  return {
    kind: "latent",
    latent: startEmpty ? zeros(kept.dims) : kept,
    denoise: strength,
    repaint: { mask, fill: kept, ...(refinerFill === undefined ? {} : { refinerFill }) },
    ...(holes === undefined ? {} : { further: [namedInput("inpaint", holes)] }),
  };
}

/** The inpaint head's answer to the hole and to the picture with grey in it. */
async function* toldOfHole(job: Job, picture: Pixmap, hole: Greymap, mask: Latent): Facts<Latent> {
  const { latents: format } = samplingMethod(job).model;
  const grey = pictureTensor(picture, hole);
  const latent = yield* encodePicture(job, grey, { vae: job.networks, gives: "holes" });
  const asked = { hole: mask, picture: format.toSampler(latent) };
  const { feature } = await job.clock.time("encoding", () =>
    job.networks.ask(networks["inpaint-head"], asked),
  );
  return feature;
}

/** A mask as a picture of three channels. */
const inColours = ({ width, height, data }: Greymap): Pixmap => ({
  width,
  height,
  data: new Uint8Array(3 * data.length).map((_, at) => data[Math.floor(at / 3)]!),
});
