import type { Moment } from "#/engine/protocol.ts";
import type { Greymap } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Vae } from "#/runtime/vae.ts";
import type { Latent } from "#/sampling/sampler.ts";
import { pictureTensor } from "#/tensor/picture-tensor.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import { byParts, inOnePiece, stripParts } from "../stages/by-parts.ts";
import { encodeTiled } from "../stages/tiled-vae.ts";
import { isWhole } from "../stages/whole-pixels.ts";

/** A picture of which a latent is made. */
export type Encoded = Readonly<{
  /** Sides multiples of 8. */
  image: Pixmap;
  /** Of its size: where the latent is to be one of grey. */
  hole?: Greymap;
  vae: Vae;
  /** What the latent is for. */
  gives: Extract<Moment, { stage: "encoding-picture" }>["gives"];
  /** Whether it is made in the reference's tiles, as of what was enlarged. */
  tiles?: boolean;
}>;

/**
 * The mean of the latents that a VAE has for a picture, VAE space. A large picture is walked through strip by strip, which
 * gives the same, as it is decoded; how far it is is told, and a stop looked at, before every part.
 */
export async function* encodePicture(
  { clock, run, networks: { room } }: Job,
  { image, hole, vae, gives, tiles = false }: Encoded,
): AsyncGenerator<Fact, Latent, undefined> {
  const picture = pictureTensor(image, hole);
  const whole = (): ReturnType<typeof encodeTiled> =>
    isWhole(image, room) ? inOnePiece(() => vae.encode(picture)) : stripParts(vae.encodeByStrips(picture));
  return yield* byParts(tiles ? encodeTiled(picture, vae) : whole(), {
    clock,
    counts: "encoding",
    check: () => run.checkStop(),
    at: ({ done: strip, of: strips }) => ({ stage: "encoding-picture", image: 0, gives, strip, strips }),
  });
}
