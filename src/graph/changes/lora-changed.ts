import { BugError } from "#/lib/errors.ts";
import type { WeightChange } from "#/weights/weight-change.ts";
import type { Graph, Value } from "../graph.ts";
import type { Drawing } from "./drawing.ts";
import { forms } from "./forms.ts";
import { added, divided, lengths, less, multiplied, reshaped, shapeOf } from "./prepared.ts";

/** A change, and its strength in float32 [1], which a run decides. */
export type LoraStrength = Readonly<{ lora: WeightChange; strength: Value }>;

/** So that a row of zeros has a length: the distance of float32 from 1 to the next number. */
const epsilon = 2 ** -23;

/**
 * W with what the LoRAs of a set add to it. Each change is of the checkpoint's own W, and their sum does not depend on their
 * order; the sum is made at every run, from factors that are small against W.
 *
 * @param base W in float32, in its own shape
 */
export function loraChanged(g: Graph, base: Value, changes: readonly LoraStrength[]): Value {
  const shape = shapeOf(base);
  const [out = 1, ...inner] = shape;
  const columns = inner.reduce((product, n) => product * n, 1);
  const own = inner.length > 1 ? reshaped(g, base, [out, columns]) : base;
  const sum = changes.reduce((sum, { lora, strength }) => {
    const made = drawn(g, lora, { base: own, shape });
    const magnitude = lora.parts["magnitude"];
    if (magnitude === undefined) return made(sum, (value) => multiplied(g, value, strength));
    const v = made(own, (value) => value);
    const weight = decomposed(g, v, {
      magnitude: g.exactWeight(magnitude, magnitude.shape),
      strength,
      shape,
    });
    if (sum !== own) return added(g, sum, less(g, weight, multiplied(g, own, strength)));
    const rest = less(g, g.constant("float32", [1]), strength);
    return added(g, multiplied(g, own, rest), weight);
  }, own);
  return reshaped(g, sum, shape);
}

function drawn(g: Graph, lora: WeightChange, { base, shape }: Pick<Drawing, "base" | "shape">) {
  const optional = (name: string): Value | undefined => {
    const ref = lora.parts[name];
    return ref === undefined ? undefined : g.exactWeight(ref, ref.shape);
  };
  const part = (name: string): Value => {
    const value = optional(name);
    if (value === undefined) throw new BugError(`A change of the form ${lora.form} lacks its part ${name}.`);
    return value;
  };
  return (sum: Value, scaled: Drawing["scaled"]): Value =>
    forms[lora.form]({ g, base, sum, shape, part, optional, scaled });
}

type Lengths = Readonly<{ magnitude: Value; strength: Value; shape: readonly number[] }>;

/** strength · magnitude · V / ‖V‖, by rows or by inputs: DoRA (Liu et al. 2024). */
function decomposed(g: Graph, v: Value, { magnitude, strength, shape }: Lengths): Value {
  const [out = 1, input = 1] = shape;
  const [, columns = 1] = shapeOf(v);
  const kernels = reshaped(g, v, [out, input, columns / input]);
  const axes = shapeOf(magnitude)[1] === 1 ? [1, 2] : [0, 2];
  const long = added(g, lengths(g, kernels, axes), g.constant("float32", [epsilon]));
  const factors = multiplied(g, divided(g, magnitude, long), strength);
  return reshaped(g, multiplied(g, kernels, factors), shapeOf(v));
}
