import type { Moment } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { BugError } from "#/lib/errors.ts";
import type { Vae } from "#/runtime/vae.ts";
import type { Latent } from "#/sampling/sampler.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import { isWhole } from "../stages/whole-pixels.ts";
import { pictureTensor } from "./picture-tensor.ts";

/** A picture of which a latent is made. */
export type Encoded = Readonly<{
  /** Sides multiples of 8. */
  image: Pixmap;
  vae: Vae;
  /** What the latent is for. */
  gives: Extract<Moment, { stage: "encoding-picture" }>["gives"];
}>;

/**
 * The mean of the latents that a VAE has for a picture, VAE space. A large picture is walked through strip by strip, as it is
 * decoded; how far it is is told, and a stop looked at, before every strip.
 */
export async function* encodePicture(
  { clock, run }: Job,
  { image, vae, gives }: Encoded,
): AsyncGenerator<Fact, Latent, undefined> {
  const picture = pictureTensor(image);
  const at = { stage: "encoding-picture", image: 0, gives } as const;
  if (isWhole(image)) {
    yield { type: "progress", at: { ...at, strip: 0, strips: 1 } };
    run.checkStop();
    return await clock.time("encoding", () => vae.encode(picture));
  }
  const walk = vae.encodeByStrips(picture)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await clock.time("encoding", () => walk.next());
      if (next.done === true) throw new BugError("An encoder walked through its strips and said nothing.");
      const event = next.value;
      if (event.at === "end") return event.answer;
      yield { type: "progress", at: { ...at, strip: event.done, strips: event.of } };
      run.checkStop();
    }
  } finally {
    await walk.return?.();
  }
}
