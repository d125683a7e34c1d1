import type { GenerateParams } from "#/api/generate.ts";
import type { Sidecar } from "#/catalog/sidecar.ts";
import { isNothing } from "#/lib/nothing.ts";
import { roundHalfEven } from "#/lib/round-half-even.ts";
import { swapMethods } from "./known-names.ts";
import { knownName } from "./names.ts";
import type { Performance } from "./performance.ts";
import type { Refiner } from "./recipe.ts";
import { sampledAs } from "./sampled-as.ts";

/** The checkpoints there are, what they say of themselves, and what becomes of the base model's patch for a hole. */
type Shelf = Readonly<{
  checkpoints: readonly string[];
  sidecar: (checkpoint: string) => Sidecar;
  /** Whether it is patched, and the patch ends where the base model takes over itself. */
  patched?: boolean;
  /** Whether what takes over does so as early as that; left out it does where it is patched. */
  early?: boolean;
  /** Whether it is patched to the end. */
  keepsPatch?: boolean;
}>;

/** Where the base model without its patch takes over, as a fraction of the mode's steps: the hole is laid out by then. */
export const patchedUntil = 0.8;

/**
 * What takes over in the middle of the run, and where. Distilled modes have no refiner and their switch at the end; a
 * checkpoint does not refine itself. Where nothing takes over, the methods other than `joint` still cut the run in two. Where
 * the base model is patched for inpainting and nothing else takes over, it does so itself, without the patch.
 *
 * @throws RequestError `unknown-model` naming the field
 */
export function chooseRefiner(
  params: GenerateParams,
  { steps, distilled }: Performance,
  base: string,
  { checkpoints, sidecar, patched = false, early = patched, keepsPatch = false }: Shelf,
): Refiner | null {
  const { refiner_model_name: said, refiner_swap_method, overwrite_switch } = params;
  const method = knownName(refiner_swap_method, swapMethods, "refiner_swap_method", "swap method");
  const none = isNothing(said) || said === base || distilled !== undefined;
  const name = none ? null : knownName(said, checkpoints, "refiner_model_name", "checkpoint");
  // By the mode's own number of steps, whatever overwrites that.
  const own = distilled === undefined ? params.refiner_switch : 1;
  const fraction = roundHalfEven(steps * (none && early ? patchedUntil : own));
  const at = overwrite_switch > 0 ? overwrite_switch : fraction;
  const swap = swapMethods.find((known) => known === method) ?? "joint";
  if (name === null && swap === "joint" && !patched) return null;
  if (name === null) return { name, swap, at, ...(keepsPatch ? { keepsPatch } : {}) };
  return { name, ...sampledAs(sidecar(name)), swap, at };
}
