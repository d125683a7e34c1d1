import { BugError } from "#/lib/errors.ts";
import type { Parameter } from "../changed-weight.ts";
import type { Graph, Value } from "../graph.ts";
import { mul } from "./arithmetic.ts";
import { split } from "./shape.ts";

/** Gives rows [R, 2C] with a bias [2C] added, or without it. */
export type Projection = (bias: Value | undefined) => Value;

/** GEGLU from its definition (Shazeer 2020). */
export function plainGeglu(g: Graph, project: Projection, bias: Parameter): Value {
  const [value, gate] = split(project(g.weight(bias)), 2, -1);
  if (value === undefined || gate === undefined) throw new BugError("Split into two gave fewer.");
  return mul(value, g.operators.gelu(gate));
}
