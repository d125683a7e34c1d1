import type { Pixmap } from "#/image/pixmap.ts";
import type { Pass, PassPlace } from "#/recipe/enhancement.ts";
import type { EngineContext } from "../context.ts";
import { copied } from "../copied.ts";
import type { Fact } from "../generate.ts";
import type { Order } from "../job.ts";
import { makeImages } from "../make-images.ts";
import { Interruption, type Run } from "../run.ts";
import { regionMask } from "./region-mask.ts";

/** The job whose pictures go through passes. */
export type PassesOf = Readonly<{ order: Order; context: EngineContext; run: Run }>;

/** A pass, its place, and whether its mask is shown. */
export type PassAtHand = Readonly<{ place: PassPlace; pass: Pass; showMasks: boolean }>;

/** What a pass leaves, and whether its picture ends there: a black one does, and one whose varying or enlarging was skipped. */
export type AfterPass = Readonly<{ picture: Pixmap | undefined; isOver: boolean }>;

/** What the pictures of a pass are called, where names are asked for. */
const inputNames = ["picture", "mask"] as const;

/**
 * One pass over a picture: a job of its own, whose source is that picture. Its networks are announced when those of the pass
 * before are over with, so that these make room where the budget asks for it.
 *
 * @returns what it made; nothing where it was skipped, found no region, or what it made is black; and whether the picture ends there
 * @throws Interruption where the job was stopped
 */
export async function* runPass(
  job: PassesOf,
  atHand: PassAtHand,
  picture: Pixmap,
): AsyncGenerator<Fact, AfterPass, undefined> {
  const { place, pass } = atHand;
  const { context, run } = job;
  try {
    await context.endJob();
    yield { type: "progress", at: { stage: "enhancing", image: 0 }, pass: place };
    run.check();
    const mask = pass.kind === "whole" ? undefined : yield* regionMask(job, { ...atHand, pass }, picture);
    if (pass.kind === "region" && mask === undefined) return { picture: undefined, isOver: false };
    const inputs = mask === undefined ? [picture] : [picture, mask];
    const recipe = { ...pass.run, inputs: inputNames.slice(0, inputs.length) };
    return yield* inPass({ place, kind: pass.kind }, makeImages({ recipe, inputs }, context, run));
  } catch (thrown) {
    if (thrown instanceof Interruption && thrown.action === "skip")
      return { picture: undefined, isOver: pass.kind === "whole" };
    throw thrown;
  }
}

/** What the making of a pass's image tells, told as the pass's. @returns the image, if one was made */
async function* inPass(
  { place, kind }: Readonly<{ place: PassPlace; kind: Pass["kind"] }>,
  making: AsyncGenerator<Fact, void, undefined>,
): AsyncGenerator<Fact, AfterPass, undefined> {
  let made: Pixmap | undefined;
  let isBlack = false;
  for await (const fact of making) {
    if (fact.type === "progress") yield { ...fact, pass: place };
    else if (fact.type === "image") {
      isBlack = fact.facts.nsfw === true;
      made = isBlack ? undefined : copied(fact.image);
      yield { ...fact, pass: { ...place, shows: "result" } };
    } else yield fact;
  }
  return { picture: made, isOver: isBlack || (made === undefined && kind === "whole") };
}
