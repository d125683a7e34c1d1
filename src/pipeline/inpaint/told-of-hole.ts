import type { Greymap } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { type Contribute, namedInput } from "#/sampling/guidance/inputs.ts";
import type { Latent } from "#/sampling/sampler.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import { samplingMethod } from "../sampling-method.ts";
import { encodePicture } from "../sources/encode-picture.ts";

/** A picture, its hole, and the hole in its latent. */
export type Holed = Readonly<{ picture: Pixmap; hole: Greymap; mask: Latent }>;

/**
 * What a patched denoising network is told of the hole in every call: the inpaint head's answer to the hole and to the picture
 * with grey in it, which is the same for all images (pipeline section 11.8).
 */
export async function* toldOfHole(
  job: Job,
  { picture: image, hole, mask }: Holed,
): AsyncGenerator<Fact, Contribute, undefined> {
  const { latents } = samplingMethod(job).model;
  const latent = yield* encodePicture(job, { image, hole, vae: job.networks, gives: "holes" });
  const asked = { hole: mask, picture: latents.toSampler(latent) };
  const feature = await job.clock.time("encoding", () => job.networks.inpaintHead(asked));
  return namedInput("inpaint", feature);
}
