import type { JobRoom } from "#/runtime/card/job-plan.ts";

/** Pixels of the largest picture that a half of the VAE is asked for in one piece: 640 x 640, about 2.4 GB of features. */
const usual = { wholePixels: 640 * 640 };

/**
 * Whether a picture goes through the VAE in one piece: by its size and not by what is free, so that it is the same everywhere; on a card
 * as its plan says, since features that go to and fro take longer than all that is computed of them.
 */
export const isWhole = (
  { width, height }: Readonly<{ width: number; height: number }>,
  room?: Pick<JobRoom, "wholePixels">,
): boolean => width * height <= (room ?? usual).wholePixels;
