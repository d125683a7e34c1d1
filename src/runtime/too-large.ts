import { EngineError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";

/**
 * The error for a job one of whose networks is larger than all that may be open.
 *
 * @param network its name and the file it lies in, if one is known, which tells the base model from what takes over from it
 * @param needed bytes of the weights of its largest network
 * @param budget bytes that may stay open
 */
export function tooLarge(
  { name, file }: Readonly<{ name: string; file: string }>,
  needed: number,
  budget: number,
): EngineError {
  const what = file === "" ? name : `${name} of ${file}`;
  return new EngineError(
    "out-of-memory",
    `The task needs ${inUnits(needed)} of weights open at once, for the network ${what}; memory_budget allows ` +
      `${inUnits(budget)}. Set memory_budget to at least ${needed}, or to 0, which keeps nothing open between tasks and ` +
      "refuses none, or choose a smaller model.",
    { network: name, needed, budget, setting: "memory_budget" },
  );
}
