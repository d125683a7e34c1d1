import type { RunNote } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { BugError } from "#/lib/errors.ts";
import type { Controls, ControlUse, Size } from "#/recipe/recipe.ts";
import type { ImageKeys } from "#/runtime/image-prompts.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { sampledSize } from "../base-model.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import type { LatentBeginning } from "../sources/beginning.ts";
import { inputAt } from "../sources/input-at.ts";
import { type FaceCrop, faceCrop } from "./face-crop.ts";
import { netPixels, preparedControl } from "./prepared-control.ts";
import { clipPixels, preparedImage } from "./prepared-image.ts";

/** A picture that guides the job's images, made into what the networks are told of it in every call. */
export type Guide = Readonly<{ use: ControlUse }> &
  Readonly<
    /** Its features, for its ControlNet. */
    | { kind: "net"; hint: Tensor }
    /** What the cross-attentions are told of it, and in the negative branch of none. */
    | { kind: "image"; picture: ImageKeys; nothing: ImageKeys }
  >;

/** What control images give: guides, or how they were prepared, which is all that is shown then. */
export type Guiding =
  | Readonly<{ kind: "guides"; guides: readonly Guide[] }>
  | Readonly<{ kind: "pictures"; images: readonly Pixmap[] }>;

/**
 * What the job's images are guided by, made once for all of them: pictures of the size that is drawn and what each ControlNet
 * makes of its own, and what each image prompt says. A stop is looked at between them.
 */
export async function* guide(job: Job, beginning: LatentBeginning): AsyncGenerator<Fact, Guiding, undefined> {
  const { recipe, clock, run } = job;
  const { controls, source } = recipe;
  if (controls === undefined) return { kind: "guides", guides: [] };
  // Whatever starts from a picture has said so.
  if (source.kind === "noise") yield { type: "progress", at: { stage: "preparing", image: 0 } };
  const prepared: Readonly<{ use: ControlUse; image: Pixmap }>[] = [];
  for (const use of controls.uses) {
    run.checkStop();
    const { image, note } = await clock.time("encoding", () => preparedFor(job, beginning, use));
    if (note !== undefined) yield { type: "note", note };
    prepared.push({ use, image });
  }
  if (controls.show === "preparation")
    return { kind: "pictures", images: prepared.map(({ image }) => image) };
  const guides: Guide[] = [];
  const nothingOf = onceAnAdapter(job);
  for (const { use, image } of prepared) {
    run.checkStop();
    const shown = { image, size: sampledSize(beginning), nothingOf };
    guides.push(await clock.time("encoding", () => guideOf(job, use, shown)));
  }
  return { kind: "guides", guides };
}

/** A picture as its network is shown it, and what was found on the way. */
type Shown = Readonly<{ image: Pixmap; note?: RunNote | undefined }>;

async function preparedFor(job: Job, beginning: LatentBeginning, use: ControlUse): Promise<Shown> {
  const { controls, source, size: asked } = job.recipe;
  const input = inputAt(job, use.picture);
  if (controls === undefined) return { image: input };
  switch (use.kind) {
    case "canny":
    case "cpds": {
      // What starts from noise is as large as the request says, and drawn in whole steps of the latent.
      const size = source.kind === "noise" ? asked : sampledSize(beginning);
      return { image: preparedControl(beginning.alike?.(input) ?? input, size, use.kind, controls) };
    }
    case "image":
      return { image: preparedImage(input) };
    case "face": {
      if (!controls.prepare) return { image: preparedImage(input) };
      const crop = await faceCrop(input, job.networks.faces);
      return { image: preparedImage(crop.image), note: faceNote(crop, use, controls) };
    }
  }
}

/** What is to be told of a face: nothing where there is one, at the picture's own size. */
function faceNote({ faces, shrunk }: FaceCrop, use: ControlUse, { uses }: Controls): RunNote | undefined {
  if (faces === 1 && !shrunk) return undefined;
  const all = uses.filter(({ kind }) => kind === "face");
  return { note: "face-cropped", picture: all.indexOf(use), pictures: all.length, faces, shrunk };
}

/** What each adapter says of no picture: it is the same for all of its pictures. */
function onceAnAdapter({ networks }: Job): (net: number) => Promise<ImageKeys> {
  const known = new Map<number, Promise<ImageKeys>>();
  return (net) => {
    const nothing = known.get(net) ?? there(networks.imagePrompts[net]).ofNothing();
    known.set(net, nothing);
    return nothing;
  };
}

async function guideOf(
  { networks }: Job,
  use: ControlUse,
  {
    image,
    size,
    nothingOf,
  }: Readonly<{ image: Pixmap; size: Size; nothingOf: ReturnType<typeof onceAnAdapter> }>,
): Promise<Guide> {
  switch (use.kind) {
    case "canny":
    case "cpds": {
      const net = there(networks.controlNets[use.net]);
      return { kind: "net", use, hint: await net.hint(netPixels(image, size)) };
    }
    case "image":
    case "face": {
      const prompter = there(networks.imagePrompts[use.net]);
      const picture = await prompter.ofPicture(clipPixels(image));
      return { kind: "image", use, picture, nothing: await nothingOf(use.net) };
    }
  }
}

function there<T>(network: T | undefined): T {
  if (network === undefined) throw new BugError("A recipe guides by a network that it does not name.");
  return network;
}
