import type { Fact } from "../generate.ts";
import type { Job } from "../job.ts";
import type { Beginning } from "./beginning.ts";
import { fromHole } from "./inpaint.ts";
import { fromNoise } from "./noise.ts";

/**
 * What the images of a job start from, by its recipe's source. Progress is told, and a stop looked at, between the parts of
 * the work.
 */
export function begin(job: Job): AsyncGenerator<Fact, Beginning, undefined> {
  const { source } = job.recipe;
  switch (source.kind) {
    case "noise":
      return atOnce(fromNoise(job.recipe));
    case "inpaint":
      return fromHole(job, source);
  }
}

/** What is there without any work. */
async function* atOnce(beginning: Beginning): AsyncGenerator<Fact, Beginning, undefined> {
  yield* [];
  return beginning;
}
