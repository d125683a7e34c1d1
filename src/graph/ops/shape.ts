import { BugError } from "#/lib/errors.ts";
import { broadcast, type Dimension, quotient, reshaped, sameShape, shapeText, sum } from "../dimensions.ts";
import type { Value } from "../graph.ts";

/**
 * Joins values along an axis, from the front or with -1 the last one; their other axes are equal.
 *
 * @throws BugError if the shapes do not fit, as all functions here
 */
export function concat(values: readonly Value[], axis: number): Value {
  const first = values[0];
  if (first === undefined) throw new BugError("There is nothing to join.");
  const others = (dims: readonly Dimension[]): Dimension[] => dims.toSpliced(axis, 1);
  for (const { dims } of values) {
    if (!sameShape(others(dims), others(first.dims)))
      throw new BugError(`${shapeText(first.dims)} and ${shapeText(dims)} cannot be joined on axis ${axis}.`);
  }
  const joined = sum(values.map(({ dims }) => dims.at(axis) ?? 1));
  const known = values.every(({ elements }) => elements !== undefined);
  const elements = known ? values.flatMap((value) => value.elements ?? []) : undefined;
  const dims = first.dims.with(axis, joined);
  return first.graph.node("Concat", values, { axis }, { dims, elements });
}

/** Pixels around features [N, C, H, W], as many on each side, that repeat the edge. */
export function padByEdge(x: Value, pixels: number): Value {
  const [batch = 1, channels = 1, height = 1, width = 1] = x.dims;
  const pads = x.graph.constant("int64", [0, 0, pixels, pixels, 0, 0, pixels, pixels]);
  const padded = [batch, channels, sum([height, 2 * pixels]), sum([width, 2 * pixels])];
  return x.graph.node("Pad", [x, pads], { mode: "edge" }, { dims: padded });
}

/** Zeros behind the last positions of axes: so many of each. */
export function padBehind(x: Value, counts: readonly number[]): Value {
  if (counts.length !== x.dims.length)
    throw new BugError(`${shapeText(x.dims)} has not ${counts.length} axes to lengthen.`);
  const pads = x.graph.constant("int64", [...counts.map(() => 0), ...counts]);
  const padded = x.dims.map((dim, axis) => sum([dim, counts[axis] ?? 0]));
  return x.graph.node("Pad", [x, pads], {}, { dims: padded });
}

/** The positions of an axis from `from` up to `to`, which are there. */
export function slice(x: Value, axis: number, from: number, to: number): Value {
  const bound = (value: number): Value => x.graph.constant("int64", [value]);
  const inputs = [x, bound(from), bound(to), bound(axis)];
  return x.graph.node("Slice", inputs, {}, { dims: x.dims.with(axis, to - from) });
}

/** Repeats axes of length 1 until the shape is this one, of numbers or computed in the graph. */
export function expand(x: Value, shape: readonly number[] | Value): Value {
  const wanted = isValue(shape) ? shape : x.graph.constant("int64", shape);
  if (wanted.elements === undefined)
    throw new BugError(`Nothing is known about ${wanted.name}, a wanted shape.`);
  return x.graph.node("Expand", [x, wanted], {}, { dims: broadcast(x.dims, wanted.elements) });
}

/** Cuts an axis, from the front or with -1 the last one, into equal parts. */
export function split(x: Value, parts: number, axis: number): readonly Value[] {
  const part = quotient(x.dims.at(axis) ?? 0, parts);
  if (part === undefined || typeof part !== "number")
    throw new BugError(`Axis ${axis} of ${shapeText(x.dims)} has no ${parts} equal parts.`);
  const dims = x.dims.with(axis, part);
  return x.graph.nodeMany("Split", [x], { axis, num_outputs: parts }, { dims, count: parts });
}

/** Inserts axes of length 1, given in ascending order of their places in the result. */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  const dims = axes.reduce<readonly Dimension[]>((shape, axis) => shape.toSpliced(axis, 0, 1), x.dims);
  return x.graph.node("Unsqueeze", [x, x.graph.constant("int64", axes)], {}, { dims });
}

/** Removes an axis of length 1. */
export function squeeze(x: Value, axis: number): Value {
  if (x.dims[axis] !== 1) throw new BugError(`Axis ${axis} of ${shapeText(x.dims)} is not of length 1.`);
  return x.graph.node(
    "Squeeze",
    [x, x.graph.constant("int64", [axis])],
    {},
    { dims: x.dims.toSpliced(axis, 1) },
  );
}

/** Reorders axes. */
export function transpose(x: Value, perm: readonly number[]): Value {
  if (perm.length !== x.dims.length)
    throw new BugError(`${shapeText(x.dims)} has not ${perm.length} axes to reorder.`);
  return x.graph.node("Transpose", [x], { perm }, { dims: perm.map((axis) => x.dims[axis] ?? 1) });
}

/** A new shape from numbers (0 keeps the dimension, -1 is worked out) or from a shape computed in the graph. */
export function reshape(x: Value, shape: readonly number[] | Value): Value {
  const wanted = isValue(shape) ? shape : x.graph.constant("int64", shape);
  if (wanted.elements === undefined)
    throw new BugError(`Nothing is known about ${wanted.name}, a wanted shape.`);
  return x.graph.node("Reshape", [x, wanted], {}, { dims: reshaped(x.dims, wanted.elements) });
}

const isValue = (shape: readonly number[] | Value): shape is Value => !Array.isArray(shape);

/** The dimensions `start` up to `end`, or all of them, as a vector of int64. */
export function dims(x: Value, start?: number, end?: number): Value {
  const elements = x.dims.slice(start, end);
  const attributes = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
  return x.graph.node("Shape", [x], attributes, { type: "int64", dims: [elements.length], elements });
}
