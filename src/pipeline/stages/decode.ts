import type { Pixmap } from "#/image/pixmap.ts";
import { BugError } from "#/lib/errors.ts";
import { runaway } from "#/runtime/blame.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { isFiniteThroughout, type Tensor } from "#/tensor/tensor.ts";
import type { Fact } from "../generate.ts";
import type { ImageJob } from "../job.ts";

/**
 * Latent to pixels: decoder, then 0 ... 255 by truncation, as Fooocus cuts it. A large picture is decoded strip by strip,
 * which gives the same pixels in bounded memory; by its size and not by what is free, so that it is the same everywhere.
 * How far it is is told, and a stop looked at, before every strip.
 *
 * @param latent VAE space [1, 4, h, w]
 * @throws EngineError `session-failed` if the latent is not finite; what the VAE answers is looked at where it answers
 */
export async function* decode(image: ImageJob, latent: Latent): AsyncGenerator<Fact, Pixmap, undefined> {
  const { job, beginning } = image;
  const vae = vaesFor(job, beginning.denoise).decoding;
  if (!isFiniteThroughout(latent.data)) throw runaway();
  const [, , h = 0, w = 0] = latent.dims;
  if (!isWhole({ width: 8 * w, height: 8 * h })) return pixelsOf(yield* strips(image, latent, vae));
  yield { type: "progress", at: { stage: "decoding", image: image.index, strip: 0, strips: 1 } };
  return pixelsOf(await job.clock.time("decoding", () => vae.decode(latent)));
}

async function* strips(
  { job, index }: ImageJob,
  latent: Latent,
  vae: Vae,
): AsyncGenerator<Fact, Tensor, undefined> {
  const { clock, run } = job;
  const walk = vae.decodeByStrips(latent)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await clock.time("decoding", () => walk.next());
      if (next.done === true) throw new BugError("A decoder walked through its strips and said nothing.");
      const event = next.value;
      if (event.at === "end") return event.answer;
      run.check();
      yield {
        type: "progress",
        at: { stage: "decoding", image: index, strip: event.done, strips: event.of },
      };
    }
  } finally {
    await walk.return?.();
  }
}

function pixelsOf({ dims, data }: Tensor): Pixmap {
  const [, , height = 0, width = 0] = dims;
  const plane = height * width;
  const pixels = new Uint8Array(plane * 3);
  for (let pixel = 0, at = 0; pixel < plane; pixel += 1) {
    for (let colour = 0; colour < 3; colour += 1, at += 1) {
      const value = (data[colour * plane + pixel] ?? 0) / 2 + 0.5;
      pixels[at] = Math.min(255, Math.max(0, Math.trunc(value * 255)));
    }
  }
  return { width, height, data: pixels };
}
