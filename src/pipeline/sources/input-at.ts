import type { Pixmap } from "#/image/pixmap.ts";
import { BugError } from "#/lib/errors.ts";
import type { Job } from "../job.ts";

/** The picture that a recipe names by its place. */
export function inputAt({ inputs }: Pick<Job, "inputs">, place: number): Pixmap {
  const picture = inputs[place];
  if (picture === undefined) throw new BugError(`A recipe has no picture at ${place}, and is made from it.`);
  return picture;
}
