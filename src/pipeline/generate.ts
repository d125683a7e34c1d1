import type { ImageFacts, Moment, Outcome, Passed, PassImage, RunNote } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Enhancement, PassPlace } from "#/recipe/enhancement.ts";
import type { EngineContext } from "./context.ts";
import { copied } from "./copied.ts";
import { enhancePictures } from "./enhance/enhance-pictures.ts";
import type { Order } from "./job.ts";
import { makeImages } from "./make-images.ts";
import { Interruption, type Run } from "./run.ts";

/** What a job tells while it runs. */
export type Fact = Readonly<
  | { type: "progress"; at: Moment; preview?: Pixmap; pass?: PassPlace }
  | { type: "note"; note: RunNote }
  | { type: "image"; index: number; image: Pixmap; facts: ImageFacts; pass?: PassImage }
  | ({ type: "passed" } & Passed)
>;

/**
 * The whole algorithm, from a recipe to pixels: its images (pipeline section 1), then the passes that each of them goes through
 * (section 13). An image is yielded the moment it exists, so a later failure cannot take it back.
 *
 * @returns how the job ended: `stopped` keeps the images that were made; a skipped image is simply absent
 * @throws AppError what a stage could not do; the worker settles the job with it
 */
export async function* generate(
  order: Order,
  context: EngineContext,
  run: Run,
): AsyncGenerator<Fact, Outcome, undefined> {
  const { enhance, images } = order.recipe;
  try {
    for (const { device, reason } of context.missed)
      yield { type: "note", note: { note: "device-missed", device, on: context.device, reason } };
    const made = new Map<number, Pixmap>();
    if (enhance === undefined || images.length > 0)
      for await (const fact of makeImages(order, context, run)) {
        const picture = fact.type === "image" && enhance !== undefined ? fact : undefined;
        const isBlack = picture?.facts.nsfw === true;
        if (picture !== undefined && !isBlack) made.set(picture.index, copied(picture.image));
        yield fact;
        if (picture !== undefined && isBlack) yield* endOf(enhance, picture.index);
      }
    if (enhance !== undefined) yield* enhancePictures({ order, context, run }, enhance, made);
    return { status: "finished" };
  } catch (thrown) {
    // Images and passes deal with what skips them; here it was the picture that needs none of their stages.
    if (thrown instanceof Interruption) return { status: thrown.action === "skip" ? "finished" : "stopped" };
    throw thrown;
  } finally {
    await context.endJob();
  }
}

/** A picture that is black is not enhanced: it ends where it is. */
function* endOf(enhance: Enhancement | undefined, image: number): Generator<Fact> {
  for (const [picture, { from, passes }] of (enhance?.pictures ?? []).entries())
    if (from.kind === "made" && from.image === image) yield { type: "passed", picture, done: passes.length };
}
