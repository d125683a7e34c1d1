import type { GenerateParams } from "#/api/generate.ts";
import type { EngineEvent, ImageFacts, Passed, PassImage } from "#/engine/protocol.ts";
import { decodeImage } from "#/image/decode.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { BugError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { asMade } from "#/recipe/as-made.ts";
import { passResolved } from "#/recipe/pass-resolved.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { ImageStore, KeptPicture, PicturesOnTheWay } from "#/stores/images.ts";
import { leftOf, type WhatIsLeft } from "./left-of.ts";
import type { TaskImage } from "./task.ts";

type ImageEvent = Extract<EngineEvent, { type: "image" }>;
type Enhance = NonNullable<Resolved["recipe"]["enhance"]>;

/** A picture that is a result: its pixels, its place among the task's images, and what it was made of. */
export type Result = Readonly<{
  pixmap: Pixmap;
  index: number;
  facts: ImageFacts;
  /** With the place of its image in it. */
  made: Resolved;
  image: number;
  /** The pass that made it; absent where none did. */
  pass?: PassImage;
}>;

/** What the enhancement of a task's pictures is kept with. */
export type EnhancingParts = Readonly<{
  id: TaskId;
  resolved: Resolved;
  enhance: Enhance;
  /** Whether only the last picture of each is a result. */
  lastOnly: boolean;
  store: PicturesOnTheWay;
  decoding: DecodeGate | undefined;
}>;

/**
 * The pictures of a task on their way through passes: each is kept, losslessly, as soon as a pass made it, so that an interrupted
 * task goes on there. Images are counted so: those that are made, or the one that was given; then for each of them what its
 * passes make, a mask that is shown before the result of its pass; then a grid.
 */
export class Enhancing {
  readonly #parts: EnhancingParts;
  readonly #kept: Map<number, KeptPicture>;

  /** @param kept what earlier attempts kept */
  constructor(parts: EnhancingParts, kept: ReadonlyMap<number, KeptPicture>) {
    this.#parts = parts;
    this.#kept = new Map(kept);
  }

  /** The place of the grid, behind all others. */
  get gridIndex(): number {
    const { pictures } = this.#parts.enhance;
    return pictures.length + pictures.reduce((sum, _, at) => sum + this.#slots(at), 0);
  }

  /** What is left to make, in an order for the engine. */
  left(images: readonly TaskImage[]): WhatIsLeft {
    return leftOf(this.#parts.resolved.recipe, this.#kept, images);
  }

  /** Results that were kept and not written down before the last attempt ended. */
  async *unwritten(images: readonly TaskImage[]): AsyncGenerator<Result, void, undefined> {
    for (const picture of this.#kept.keys()) {
      const result = await this.#resultOf(picture);
      if (result !== undefined && images.every(({ index }) => index !== result.index)) yield result;
    }
  }

  /**
   * Keeps a picture that was made.
   *
   * @returns it as a result; nothing where only the last picture is one
   * @throws EngineError `storage-failed`
   */
  async made({ index, image: pixmap, facts, pass }: ImageEvent, done: number): Promise<Result | undefined> {
    const { lastOnly } = this.#parts;
    const picture = pass?.picture ?? index + done;
    const result = this.#result(pixmap, facts, pass ?? picture);
    if (pass?.shows === "mask") return result;
    const by = pass?.pass ?? null;
    // What is black is not gone on with, wherever the attempt ends.
    const after = facts.nsfw === true ? this.#passesOf(picture) : by === null ? 0 : by + 1;
    const png = await encodeImage(pixmap, "png", undefined);
    await this.#keep(picture, { done: after, by, facts, png });
    return lastOnly ? undefined : result;
  }

  /**
   * A pass is over.
   *
   * @returns the picture as a result, where that was its last one and it is the only one
   */
  async passed({ picture, done }: Passed): Promise<Result | undefined> {
    const kept = this.#kept.get(picture);
    if (kept === undefined) throw new BugError("A pass ended over a picture that nobody kept.");
    const { path: _, ...state } = kept;
    if (done > kept.done) await this.#keep(picture, { ...state, done });
    return this.#parts.lastOnly ? await this.#resultOf(picture) : undefined;
  }

  async #keep(picture: number, state: Parameters<PicturesOnTheWay["keep"]>[2]): Promise<void> {
    const { store, id } = this.#parts;
    this.#kept.set(picture, await store.keep(id, picture, state));
  }

  /** The picture that was kept, where it is a result. */
  async #resultOf(picture: number): Promise<Result | undefined> {
    const { lastOnly, decoding } = this.#parts;
    const kept = this.#kept.get(picture);
    const isOver = kept !== undefined && kept.done >= this.#passesOf(picture);
    if (kept === undefined || (lastOnly && !isOver)) return undefined;
    const pixmap = await decodeImage(await Bun.file(kept.path).bytes(), "picture on its way", decoding);
    const from = kept.by === null ? picture : ({ picture, pass: kept.by, shows: "result" } as const);
    return this.#result(pixmap, kept.facts, from);
  }

  #result(pixmap: Pixmap, facts: ImageFacts, from: PassImage | number): Result {
    const { resolved } = this.#parts;
    if (typeof from === "number")
      return { pixmap, facts, index: from, image: from, made: asMade(resolved, from, facts) };
    const made = asMade(passResolved(resolved, from), 0, facts);
    return { pixmap, facts, index: this.#indexOf(from), image: 0, made, pass: from };
  }

  #passesOf(picture: number): number {
    return this.#parts.enhance.pictures[picture]?.passes.length ?? 0;
  }

  /** How many images come of the passes of a picture. */
  #slots(picture: number, passes = Number.POSITIVE_INFINITY): number {
    const { pictures, showMasks } = this.#parts.enhance;
    const some = pictures[picture]?.passes.slice(0, passes) ?? [];
    return some.reduce((sum, { kind }) => sum + (showMasks && kind === "region" ? 2 : 1), 0);
  }

  #indexOf({ picture, pass, shows }: PassImage): number {
    const { pictures, showMasks } = this.#parts.enhance;
    const before = pictures.slice(0, picture).reduce((sum, _, at) => sum + this.#slots(at), 0);
    const isSecond = shows === "result" && showMasks && pictures[picture]?.passes[pass]?.kind === "region";
    return pictures.length + before + this.#slots(picture, pass) + (isSecond ? 1 : 0);
  }
}

/** The enhancement of a task's pictures, where there is one. */
export async function enhancingOf(
  id: TaskId,
  { save_final_enhanced_image_only: lastOnly }: GenerateParams,
  resolved: Resolved,
  { images, decoding }: Readonly<{ images: Pick<ImageStore, "onTheWay">; decoding?: DecodeGate }>,
): Promise<Enhancing | undefined> {
  const { enhance } = resolved.recipe;
  if (enhance === undefined) return undefined;
  const { onTheWay: store } = images;
  return new Enhancing({ id, resolved, enhance, lastOnly, store, decoding }, await store.of(id));
}
