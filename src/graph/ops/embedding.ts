import type { Value } from "../graph.ts";
import type { Module } from "../module.ts";

/**
 * Rows of a table by their numbers. Looked up before they are cast: the table is a hundred megabytes, the rows are not.
 *
 * @param m   `weight` [rows, width]
 * @param ids int64, any shape
 * @returns   the shape of `ids` with the width behind it
 */
export function embedding(m: Module, ids: Value): Value {
  if (m.ref("weight").shape.length !== 2) throw m.misshapen("weight", "two axes");
  const g = m.graph;
  const table = g.stored(m.ref("weight"));
  return g.computing(g.node("Gather", [table, ids], { axis: 0 }, { type: table.type }));
}
