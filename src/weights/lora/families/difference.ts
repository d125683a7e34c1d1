import type { WeightRef } from "../../weight-file.ts";
import type { LoraChange } from "../change.ts";
import { tensor } from "../ingredient.ts";
import { refused } from "../refused.ts";
import { type Changes, count, type Family, type Found, misfit } from "./family.ts";

/**
 * Differences that are as large as what they change (LyCORIS' "full", ComfyUI's extracted LoRAs): to weights and biases, and to
 * the affine part of norms. They have no alpha, and stay where they lie.
 */
export const difference: Family = {
  name: "full difference",
  keys: /\.(?<part>diff|diff_b|w_norm|b_norm)$/,
  scaled: false,
  beside: true,
  read: (found) => {
    const weight = changeOf(found, ["diff", "w_norm"], found.target.weight);
    const bias = changeOf(found, ["diff_b", "b_norm"], found.bias);
    return { ...weight("weight"), ...bias("bias") };
  },
};

function changeOf(
  found: Found,
  names: readonly string[],
  of: WeightRef | undefined,
): (of: "weight" | "bias") => Changes {
  const ref = names.map((name) => found.parts.get(name)).find((part) => part !== undefined);
  if (ref === undefined) return () => ({});
  if (of === undefined)
    throw refused(found.file.path, `${ref.key} changes a bias that ${found.target.module} has not`, ref.key);
  if (count(ref) !== count(of) || !/^B?F\d/.test(ref.dtype)) throw misfit(found, ref);
  const change: LoraChange = { form: "whole", parts: { values: tensor(ref, of.shape) } };
  return (name) => ({ [name]: [change] });
}
