import { toFloat32 } from "#/weights/dtype.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import type { Graph, Value } from "../graph.ts";
import type { Module } from "../module.ts";
import { gather, mul } from "./arithmetic.ts";

/**
 * Rows of a table by their numbers. Looked up before they are cast where the device can: the table is a hundred megabytes, the rows
 * are not.
 *
 * @param m   `weight` [rows, width]
 * @param ids int64, any shape
 * @returns   the shape of `ids` with the width behind it
 * @throws ModelError `weight-shape` for a table of other axes, or one that something should be added to
 */
export function embedding(m: Module, ids: Value): Value {
  const { changes, ...ref } = m.parameter("weight");
  if (changes !== undefined) throw m.misfit("has a difference to its table, which is not read");
  if (ref.shape.length !== 2) throw m.misshapen("weight", "two axes");
  const { storedTables } = m.graph.operators;
  if (!storedTables && !eightBits(ref)) return gather(m.graph.weight(ref), ids);
  const rows = eightBits(ref) ? eightBitRows(m.graph, ref, ids) : gather(m.graph.stored(ref), ids);
  const { scale = 1 } = ref;
  const exact = scale === 1 ? rows : mul(m.graph.cast(rows, "float32"), m.graph.constant("float32", [scale]));
  return m.graph.computing(exact);
}

const eightBits = ({ dtype }: WeightRef): boolean => dtype === "F8_E4M3" || dtype === "F8_E5M2";

/** The runtime looks up no rows of 8-bit floats: their bytes are looked up, then what each of the 256 bytes means. */
function eightBitRows(g: Graph, ref: WeightRef, ids: Value): Value {
  const bytes = gather(g.stored(ref, ref.shape, "uint8"), ids);
  const meanings = toFloat32(
    ref.dtype,
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  );
  return gather(g.constant("float32", [...meanings]), g.cast(bytes, "int64"));
}
