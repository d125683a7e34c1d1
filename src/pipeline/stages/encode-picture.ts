import { BugError } from "#/lib/errors.ts";
import type { Networks } from "#/runtime/models.ts";
import type { Latent } from "#/sampling/sampler.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";

/** Pixels of the largest picture that the encoder is asked for in one piece, as for the decoder. */
const wholePixels = 640 * 640;

/** What a picture is encoded for, and by which VAE. */
export type Encoding = Readonly<{
  vae: Pick<Networks, "encode" | "encodeByStrips">;
  /** What is told that it gives. */
  gives: "start" | "holes" | "refiner";
}>;

/**
 * Pixels to latent: the mean of what the encoder finds, no draw from its spread. A large picture is encoded strip by strip; by
 * its size and not by what is free, so that it is the same everywhere.
 *
 * @param image [1, 3, H, W] from -1 to 1, sides multiples of 8
 * @returns VAE space, [1, 4, h, w]
 */
export async function* encodePicture(
  { run, clock }: Pick<Job, "run" | "clock">,
  image: Tensor,
  { vae, gives }: Encoding,
): AsyncGenerator<Fact, Latent, undefined> {
  const tell = (strip: number, strips: number): Fact => ({
    type: "progress",
    at: { stage: "encoding-picture", image: 0, gives, strip, strips },
  });
  const [, , height = 0, width = 0] = image.dims;
  run.checkStop();
  if (height * width <= wholePixels) {
    yield tell(0, 1);
    return await clock.time("encoding", () => vae.encode(image));
  }
  const walk = vae.encodeByStrips(image)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await clock.time("encoding", () => walk.next());
      if (next.done === true) throw new BugError("An encoder walked through its strips and said nothing.");
      if (next.value.at === "end") return next.value.answer;
      run.checkStop();
      yield tell(next.value.done, next.value.of);
    }
  } finally {
    await walk.return?.();
  }
}
