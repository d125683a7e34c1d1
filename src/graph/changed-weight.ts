import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Bound, Difference } from "#/weights/differences.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { type LoraStrength, loraChanged } from "./changes/lora-changed.ts";
import { broadcast } from "./dimensions.ts";
import type { Graph, Value } from "./graph.ts";

/** A weight as a network uses it: where it lies, and what is added to it. */
export type Parameter = WeightRef & Readonly<{ changes?: readonly Change[] }>;

/** A difference or a LoRA's change, and its strength in float32 [1], which a run decides. */
export type Change = Readonly<{ difference: Difference; strength: Value }> | LoraStrength;

/**
 * W + Σ strength · D in float32, what LoRAs change in W included (`changes/lora-changed.ts`). All of it is drawn before the network's own nodes, as the casts of weights are: so the
 * runtime computes it just before the weight is used and drops it behind, and no sum is ever held.
 *
 * An 8-bit difference takes four passes over the weight's values, not six: the strength is multiplied into its range.
 *
 * @param base W in float32, in its own shape
 */
export function changedWeight(g: Graph, base: Value, changes: readonly Change[]): Value {
  const loras = changes.filter((change) => "lora" in change);
  const differences = changes.filter((change) => "difference" in change);
  const start = loras.length === 0 ? base : loraChanged(g, base, loras);
  return differences.reduce((sum, { difference, strength }) => {
    const { values, range } = difference;
    const shape = base.dims.map(Number);
    const scaled = (value: Value, factor: Value): Value => prepared(g, "Mul", value, factor);
    if (range === undefined) {
      const exact = g.exactWeight(values, shape);
      return prepared(g, "Add", sum, scaled(exact, strength));
    }
    const codes = g.exactCodes(values, shape);
    const low = boundOf(g, range.low);
    const width = prepared(g, "Sub", boundOf(g, range.high), low);
    const step = prepared(g, "Div", scaled(width, strength), g.constant("float32", [255]));
    return prepared(g, "Add", prepared(g, "Add", sum, scaled(codes, step)), scaled(low, strength));
  }, start);
}

const boundOf = (g: Graph, bound: Bound): Value =>
  typeof bound === "number" ? g.constant("float32", [bound]) : g.inlineWeight(bound);

function prepared(g: Graph, op: string, a: Value, b: Value): Value {
  return g.prepare(op, [a, b], { type: "float32", dims: broadcast(a.dims, b.dims) });
}

/**
 * Checks that a difference fits its tensor.
 *
 * @param title which file or part of a file the tensor is of, for messages
 * @throws ModelError `weight-shape`, or `dtype-unsupported` for a range around something else than bytes
 */
export function checkDifference(title: string, ref: WeightRef, { values, range }: Difference): void {
  const name = basename(values.path);
  const facts = { path: values.path, key: values.key };
  if (size(values.shape) !== size(ref.shape)) {
    const message = `${name}: ${values.key} has the shape [${values.shape.join(", ")}], the tensor ${ref.key} of ${title} that it changes [${ref.shape.join(", ")}].`;
    throw new ModelError("weight-shape", message, { ...facts, found: [...values.shape] });
  }
  if (range === undefined) return;
  if (values.dtype !== "U8") {
    const message = `${name}: ${values.key} is stored as ${values.dtype} beside a range, which is for U8.`;
    throw new ModelError("dtype-unsupported", message, facts);
  }
  for (const bound of [range.low, range.high]) {
    if (typeof bound === "number" || stretches(bound.shape, ref.shape)) continue;
    const message = `${name}: ${bound.key} has the shape [${bound.shape.join(", ")}], which does not stretch to [${ref.shape.join(", ")}].`;
    throw new ModelError("weight-shape", message, { ...facts, found: [...bound.shape] });
  }
}

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Whether a shape stretches to another by numpy's rule, from the last axis on. */
const stretches = (shape: readonly number[], to: readonly number[]): boolean =>
  shape.length <= to.length && shape.every((n, axis) => n === 1 || n === to[axis + to.length - shape.length]);
