import type { Pixmap } from "#/image/pixmap.ts";
import type { Pass } from "#/recipe/enhancement.ts";
import { copied } from "../copied.ts";
import type { Fact } from "../generate.ts";
import { inColours } from "../inpaint/in-colours.ts";
import { holeOfMask } from "../masks/hole-of-mask.ts";
import { makeMask } from "../masks/make-mask.ts";
import { pauseOf } from "../pause.ts";
import type { PassAtHand, PassesOf } from "./run-pass.ts";

type Region = Extract<Pass, { kind: "region" }>;

/**
 * Finds the region of a picture that a pass is about.
 *
 * @returns the hole that is painted in, white; nothing where nothing was found, or nothing is left of it once it has grown and
 * was turned round
 */
export async function* regionMask(
  { context, run }: PassesOf,
  { place, pass, showMasks }: PassAtHand & Readonly<{ pass: Region }>,
  picture: Pixmap,
): AsyncGenerator<Fact, Pixmap | undefined, undefined> {
  yield { type: "progress", at: { stage: "masking", image: 0, shown: false }, pass: place };
  const made = await makeMask(picture, pass.mask, context, pauseOf(run));
  run.check();
  const hole = holeOfMask(made, pass);
  const mask = hole && inColours(hole);
  if (showMasks) yield* shown(place, mask ?? inColours(made.mask));
  if (mask === undefined)
    yield { type: "note", note: { note: "region-empty", picture: place.picture, region: pass.region } };
  return mask;
}

/** A mask as an image, and where images are looked at while they are made. */
function* shown(place: PassAtHand["place"], mask: Pixmap): Generator<Fact> {
  const at = { stage: "masking", image: 0, shown: true } as const;
  yield { type: "progress", at, pass: place, preview: copied(mask) };
  const timings = { loading: 0, encoding: 0, denoising: 0, decoding: 0 };
  const facts = { seed: null, timings };
  yield { type: "image", index: 0, image: copied(mask), facts, pass: { ...place, shows: "mask" } };
}
