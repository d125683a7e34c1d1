import type { Pixmap } from "#/image/pixmap.ts";
import { runaway } from "#/runtime/blame.ts";
import type { JobRoom } from "#/runtime/card/job-plan.ts";
import type { Vae } from "#/runtime/vae.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { isFiniteThroughout, type Tensor } from "#/tensor/tensor.ts";
import type { Fact } from "../generate.ts";
import type { ImageJob } from "../job.ts";
import { vaesFor } from "../vaes.ts";
import { byParts, inOnePiece, type Part, stripParts } from "./by-parts.ts";
import { decodeTiled } from "./tiled-vae.ts";
import { isWhole } from "./whole-pixels.ts";

/**
 * Latent to pixels: decoder, then 0 ... 255 by truncation, as Fooocus cuts it. A large picture is decoded strip by strip,
 * which gives the same pixels in bounded memory; by its size and not by what is free, so that it is the same everywhere. What
 * was enlarged is decoded in the reference's tiles instead, which give other pixels than the whole. How far it is is told, and
 * a stop looked at, before every part.
 *
 * @param latent VAE space [1, 4, h, w]
 * @throws EngineError `session-failed` if the latent is not finite; what the VAE answers is looked at where it answers
 */
export async function* decode(image: ImageJob, latent: Latent): AsyncGenerator<Fact, Pixmap, undefined> {
  const { job, index, beginning } = image;
  if (!isFiniteThroughout(latent.data)) throw runaway();
  const vae = vaesFor(job, beginning.denoise).decoding;
  return pixelsOf(
    yield* byParts(partsOf(latent, { vae, room: job.networks.room }, beginning.tiles ?? false), {
      clock: job.clock,
      counts: "decoding",
      check: () => job.run.check(),
      at: ({ done: strip, of: strips }) => ({ stage: "decoding", image: index, strip, strips }),
    }),
  );
}

function partsOf(
  latent: Latent,
  { vae, room }: Readonly<{ vae: Vae; room: JobRoom | undefined }>,
  tiles: boolean,
): AsyncGenerator<Part, Tensor, undefined> {
  if (tiles) return decodeTiled(latent, vae);
  const [, , h = 0, w = 0] = latent.dims;
  const size = { width: 8 * w, height: 8 * h };
  return isWhole(size, room) ? inOnePiece(() => vae.decode(latent)) : stripParts(vae.decodeByStrips(latent));
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
