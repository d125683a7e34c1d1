import type { WeightRef } from "../../weight-file.ts";
import type { LoraChange } from "../change.ts";
import { type Ingredient, tensor } from "../ingredient.ts";
import { refused } from "../refused.ts";
import { count, type Found, matrix, sizes } from "./family.ts";

/** The ends of keys that hold magnitudes: LyCORIS', OneTrainer's and Forge's; ai-toolkit's; PEFT's. */
export const magnitudeKeys =
  /\.(?:dora_scale|magnitude|lora_magnitude_vector(?:\.(?!weight$)[^.]+)?)(?:\.weight)?$/;

/**
 * DoRA (Liu et al. 2024) of whatever other family has made the changes.
 *
 * @throws ModelError `lora-unsupported` where the magnitudes do not fit, or the family is not one that only adds
 */
export function withMagnitude(found: Found, ref: WeightRef, changes: readonly LoraChange[]): LoraChange {
  const [change] = changes;
  const additive = ["product", "hadamard", "kronecker", "whole"];
  if (change === undefined || changes.length > 1 || !additive.includes(change.form))
    throw refused(found.file.path, `${ref.key} gives magnitudes to a family that has none`, ref.key);
  return { form: change.form, parts: { ...change.parts, magnitude: magnitudeOf(found, ref) } };
}

/** One length for each row, [out], [out, 1, ...] or PEFT's [1, out, 1, 1] of convolutions, or for each input, [1, in, ...]. */
function magnitudeOf(found: Found, ref: WeightRef): Ingredient {
  const { out, input } = sizes(found);
  const long = ref.shape.findIndex((length) => length !== 1);
  const ofPeft = /lora_magnitude_vector/.test(ref.key);
  const byRow = ofPeft || long <= 0;
  const length = byRow ? out : input;
  matrix(found, { ...ref, shape: [count(ref)] }, length, 1);
  return tensor(ref, byRow ? [out, 1, 1] : [1, input, 1]);
}
