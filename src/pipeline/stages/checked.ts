import { centreSquare } from "#/image/operations/centre-square.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { roundHalfEven } from "#/lib/round-half-even.ts";
import { clipLevels } from "#/tensor/clip-levels.ts";
import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";

/** What is left of a picture that was looked at, and whether it is a black one that took its place; absent where nobody looked. */
export type Checked = Readonly<{ image: Pixmap; nsfw?: boolean }>;

/** Pixels of a side of what the safety checker sees. */
const side = 224;

/** By how much all concepts come nearer to their thresholds where a special one is above its own. */
const care = 0.01;

/**
 * A picture that is finished, or a black one of its size where the safety checker finds what it looks for (pipeline section 15);
 * the picture itself where the recipe does not ask for it. Whoever goes on with a picture goes on with none that is black.
 *
 * @param index of the image, for its moment
 */
export async function* checked(
  job: Pick<Job, "recipe" | "networks" | "clock">,
  image: Pixmap,
  index: number,
): AsyncGenerator<Fact, Checked, undefined> {
  if (job.recipe.checked !== true) return { image };
  yield { type: "progress", at: { stage: "checking", image: index } };
  const { special, concepts } = await job.clock.time("decoding", () => {
    const seen = centreSquare(image, side);
    const data = Float32Array.from(seen.data, (value) => value / 255);
    return job.networks.safety(clipLevels({ ...seen, data }));
  });
  const nsfw = isUnsafe(special.data, concepts.data);
  const black = (): Pixmap => ({ ...image, data: new Uint8Array(image.data.length) });
  return { image: nsfw ? black() : image, nsfw };
}

/**
 * Whether any concept is above its threshold, to the third digit.
 *
 * @param special  by how much concepts that call for more care are above their thresholds
 * @param concepts the same of what should not be shown
 */
export function isUnsafe(special: ArrayLike<number>, concepts: ArrayLike<number>): boolean {
  let nearer = 0;
  const isAbove = (score: number): boolean => roundHalfEven((score + nearer) * 1000) > 0;
  for (const score of Array.from(special)) if (isAbove(score)) nearer = care;
  return Array.from(concepts).some(isAbove);
}
