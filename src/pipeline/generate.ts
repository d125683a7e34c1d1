import type { ImageFacts, Moment, Outcome, Passed, PassImage, RunNote } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { PassPlace } from "#/recipe/enhancement.ts";
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
    const made = new Map<number, Pixmap>();
    if (enhance === undefined || images.length > 0)
      for await (const fact of makeImages(order, context, run)) {
        if (fact.type === "image" && enhance !== undefined) made.set(fact.index, copied(fact.image));
        yield fact;
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
