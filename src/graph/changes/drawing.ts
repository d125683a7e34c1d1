import type { Graph, Value } from "../graph.ts";

/** What a form is drawn with. All values are float32 and come before all nodes. */
export type Drawing = Readonly<{
  g: Graph;
  /** W of the checkpoint, as the matrix [out, n], or a vector. */
  base: Value;
  /** W with what has been added to it so far. */
  sum: Value;
  /** The shape of W. */
  shape: readonly number[];
  part: (name: string) => Value;
  optional: (name: string) => Value | undefined;
  /** A value times the strength. The smallest one is taken: it costs a pass over its values at every run. */
  scaled: (value: Value) => Value;
}>;

/** A form: the sum with this change added. */
export type DrawForm = (drawing: Drawing) => Value;
