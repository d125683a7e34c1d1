import type { Pixmap } from "#/image/pixmap.ts";
import type { EnhancedFrom, Enhancement } from "#/recipe/enhancement.ts";
import { copied } from "../copied.ts";
import type { Fact } from "../generate.ts";
import { inputAt } from "../sources/input-at.ts";
import { type AfterPass, type PassesOf, runPass } from "./run-pass.ts";

/**
 * Takes each picture through the passes that are left of its plan, each of what the one before left. A picture that was given
 * is itself the first image. Where the pass that varies or enlarges a picture is skipped, that is the end of the picture; one of
 * a region that is skipped, or finds none, leaves the picture as it was. A picture that is black ends there.
 *
 * @param made the recipe's images, by their places
 * @throws Interruption where the job was stopped
 */
export async function* enhancePictures(
  job: PassesOf,
  { pictures, showMasks }: Enhancement,
  made: ReadonlyMap<number, Pixmap>,
): AsyncGenerator<Fact, void, undefined> {
  for (const [picture, { from, passes, done }] of pictures.entries()) {
    const start = startOf(job, from, made);
    if (start === undefined) continue;
    let current: Pixmap = start;
    if (from.kind === "given") yield given(current);
    for (const [at, pass] of passes.entries()) {
      if (at < done) continue;
      const { picture: after, isOver }: AfterPass = yield* runPass(
        job,
        { place: { picture, pass: at }, pass, showMasks },
        current,
      );
      yield { type: "passed", picture, done: isOver ? passes.length : at + 1 };
      if (isOver) break;
      current = after ?? current;
    }
  }
}

function startOf(
  { order }: PassesOf,
  from: EnhancedFrom,
  made: ReadonlyMap<number, Pixmap>,
): Pixmap | undefined {
  switch (from.kind) {
    case "made":
      return made.get(from.image);
    case "given":
    case "left":
      return inputAt(order, from.picture);
    case "nothing":
      return undefined;
  }
}

/** A picture that was given, as the image that it is before any pass. */
const given = (picture: Pixmap): Fact => ({
  type: "image",
  index: 0,
  image: copied(picture),
  facts: { seed: null, timings: { loading: 0, encoding: 0, denoising: 0, decoding: 0 } },
});
