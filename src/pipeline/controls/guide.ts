import { fitNearest } from "#/image/operations/fit-nearest.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { ControlUse, Size } from "#/recipe/recipe.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { sampledSize } from "../base-model.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import type { LatentBeginning } from "../sources/beginning.ts";
import { inputAt } from "../sources/input-at.ts";
import { preparedControl } from "./prepared-control.ts";

/** A picture that guides the job's images, and its features, which its ControlNet is told in every call. */
export type Guide = Readonly<{ use: ControlUse; hint: Tensor }>;

/** What control images give: guides, or how they were prepared, which is all that is shown then. */
export type Guiding =
  | Readonly<{ kind: "guides"; guides: readonly Guide[] }>
  | Readonly<{ kind: "pictures"; images: readonly Pixmap[] }>;

/**
 * What the job's images are guided by, made once for all of them: pictures of the size that is drawn, and what each ControlNet
 * makes of its own. A stop is looked at between them.
 */
export async function* guide(job: Job, beginning: LatentBeginning): AsyncGenerator<Fact, Guiding, undefined> {
  const { recipe, clock, run, networks } = job;
  const { controls, source } = recipe;
  if (controls === undefined) return { kind: "guides", guides: [] };
  // Whatever starts from a picture has said so.
  if (source.kind === "noise") yield { type: "progress", at: { stage: "preparing", image: 0 } };
  // What starts from noise is as large as the request says, and drawn in whole steps of the latent.
  const size = source.kind === "noise" ? recipe.size : sampledSize(beginning);
  const images: Pixmap[] = [];
  for (const { picture, kind } of controls.uses) {
    run.checkStop();
    const input = inputAt(job, picture);
    const image = beginning.alike?.(input) ?? input;
    images.push(await clock.time("encoding", async () => preparedControl(image, size, kind, controls)));
  }
  if (controls.show === "preparation") return { kind: "pictures", images };
  const guides: Guide[] = [];
  for (const [index, use] of controls.uses.entries()) {
    run.checkStop();
    const net = networks.controlNets[use.net];
    const image = images[index];
    if (net === undefined || image === undefined) continue;
    const hint = await clock.time("encoding", () => net.hint(shown(image, sampledSize(beginning))));
    guides.push({ use, hint });
  }
  return { kind: "guides", guides };
}

/** [1, 3, 8h, 8w] from 0 to 1. */
function shown(image: Pixmap, size: Size): Tensor {
  const { width, height, data } = fitNearest(image, size);
  const plane = width * height;
  const values = Float32Array.from(
    { length: 3 * plane },
    (_, i) => (data[3 * (i % plane) + Math.floor(i / plane)] ?? 0) / 255,
  );
  return { dims: [1, 3, height, width], data: values };
}
