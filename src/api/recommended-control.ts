import type { controlNetTypes } from "./generate-objects.ts";

/** Where a control image stops, and how strong it is, if its slot does not say: Fooocus' recommended pairs. */
export const recommendedControl: Readonly<
  Record<(typeof controlNetTypes)[number], Readonly<{ stop: number; weight: number }>>
> = {
  ImagePrompt: { stop: 0.5, weight: 0.6 },
  FaceSwap: { stop: 0.9, weight: 0.75 },
  PyraCanny: { stop: 0.5, weight: 1 },
  CPDS: { stop: 0.5, weight: 1 },
};
