import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { variedSize } from "#/image/operations/source-sizes.ts";
import type { Source } from "#/recipe/recipe.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import { vaesFor } from "../vaes.ts";
import type { LatentBeginning } from "./beginning.ts";
import { cropToLatent } from "./crop-to-latent.ts";
import { encodePicture } from "./encode-picture.ts";
import { inputAt } from "./input-at.ts";
import { undrawable } from "./undrawable.ts";

/**
 * A picture's latent, at a size that the model draws well, of which a part of the schedule makes another one (pipeline section
 * 10). The request's size does not matter.
 */
export async function* vary(
  job: Job,
  { picture, working, strength }: Extract<Source, { kind: "vary" }>,
): AsyncGenerator<Fact, LatentBeginning, undefined> {
  yield { type: "progress", at: { stage: "preparing", image: 0 } };
  const input = inputAt(job, picture);
  const fitted = lanczosResize(input, variedSize(input, working) ?? undrawable(input));
  const vae = vaesFor(job, strength).encoding;
  const latent = yield* encodePicture(job, { image: cropToLatent(fitted), vae, gives: "start" });
  return { kind: "latent", latent, denoise: strength };
}
