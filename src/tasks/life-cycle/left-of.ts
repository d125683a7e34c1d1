import { decodeImage } from "#/image/decode.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { EnhancedFrom, EnhancedPicture } from "#/recipe/enhancement.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { KeptPicture } from "#/stores/images.ts";
import type { TaskImage } from "./task.ts";

/** What of a recipe is left to make, how many of its images are made, and the files of its further inputs. */
export type WhatIsLeft = Readonly<{ recipe: Recipe; done: number; paths: readonly string[] }>;

/**
 * What an attempt leaves to the next one: images that were not made, and passes that were not over. Pictures between two
 * passes become inputs of the recipe, behind its own.
 *
 * @param kept   pictures on their way, by their places
 * @param images those that earlier attempts saved
 */
export function leftOf(
  recipe: Recipe,
  kept: ReadonlyMap<number, KeptPicture>,
  images: readonly TaskImage[],
): WhatIsLeft {
  const { enhance, inputs } = recipe;
  const own = recipe.images.length;
  const saved = images.flatMap(({ index }) => (index < own ? [index + 1] : []));
  const onTheWay = own === 0 ? [] : [...kept.keys()].map((picture) => picture + 1);
  const done = Math.max(0, ...saved, ...onTheWay);
  const paths: string[] = [];
  const from = (picture: number, planned: EnhancedFrom): EnhancedFrom => {
    const path = kept.get(picture)?.path;
    if (path !== undefined) return { kind: "left", picture: inputs.length + paths.push(path) - 1 };
    if (planned.kind !== "made") return planned;
    // What was skipped is not there to be enhanced.
    return planned.image < done ? { kind: "nothing" } : { kind: "made", image: planned.image - done };
  };
  const pictures = enhance?.pictures.map(
    (planned, picture): EnhancedPicture => ({
      ...planned,
      from: from(picture, planned.from),
      done: kept.get(picture)?.done ?? 0,
    }),
  );
  return {
    done,
    paths,
    recipe: {
      ...recipe,
      images: recipe.images.slice(done),
      inputs: [...inputs, ...paths],
      ...(enhance === undefined || pictures === undefined ? {} : { enhance: { ...enhance, pictures } }),
    },
  };
}

/** Whether nothing is left of a recipe. */
export const isDone = ({ images, enhance }: Recipe): boolean =>
  images.length === 0 &&
  (enhance?.pictures ?? []).every(
    ({ from, passes, done }) => from.kind === "nothing" || done >= passes.length,
  );

/** Reads the pictures that an earlier attempt left. */
export const loadLeft = (
  paths: readonly string[],
  gate: DecodeGate | undefined,
): Promise<readonly Pixmap[]> =>
  Promise.all(
    paths.map(async (path) => decodeImage(await Bun.file(path).bytes(), "picture on its way", gate)),
  );
