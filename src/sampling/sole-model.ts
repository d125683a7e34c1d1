/** What decides which of two models walks a run of which they cannot both have a part. */
export type SharedRun = Readonly<{
  steps: number;
  /** The step that the second one would begin with. */
  at: number;
  /** How much of the schedule is walked. */
  denoise: number;
}>;

/** Above this a run is as good as a whole one. */
const whole = 0.9;

/** The exponent by which Fooocus takes a step for a noise level of Karras' schedule. */
const karras = 0.834;

/**
 * Which of two models with latent spaces of their own walks a run alone (pipeline section 7.5): where it starts from a
 * picture, the first one's clean latent would be left out of too little of it. The one whose part of a whole run it starts in.
 *
 * @returns undefined where both have a part, the second one after the first
 */
export function soleModel({ steps, at, denoise }: SharedRun): "first" | "second" | undefined {
  if (denoise > whole) return undefined;
  // With the switch beyond the end the second one has no part of the run, and the reference fails.
  return denoise > Math.max(0, (steps - at) / steps) ** karras ? "first" : "second";
}
