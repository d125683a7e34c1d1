import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import type { Beginning } from "./beginning.ts";
import { inpaint } from "./inpaint.ts";
import { fromNoise } from "./noise.ts";
import { upscale } from "./upscale.ts";
import { vary } from "./vary.ts";

/**
 * What the images of a job start from, by its recipe's source. Progress is told, and a stop looked at, between the parts of
 * the work.
 */
export function begin(job: Job): AsyncGenerator<Fact, Beginning, undefined> {
  const { recipe } = job;
  switch (recipe.source.kind) {
    case "noise":
      return atOnce(fromNoise(recipe));
    case "vary":
      return vary(job, recipe.source);
    case "upscale":
      return upscale(job, recipe.source);
    case "inpaint":
      return inpaint(job, recipe.source);
  }
}

/** What is there without any work. */
async function* atOnce(beginning: Beginning): AsyncGenerator<Fact, Beginning, undefined> {
  yield* [];
  return beginning;
}
