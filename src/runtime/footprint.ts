import type { Constant, Graph, Weight } from "#/graph/graph.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import { lengthOf, type Stretch } from "./stretches.ts";

/** What an open network takes: stretches of files that may be another network's too, and memory of its own. */
export type Footprint = Readonly<{
  /** By file and stamp. */
  mapped: ReadonlyMap<string, readonly Stretch[]>;
  /** Bytes. */
  copied: number;
}>;

/**
 * What a graph takes once it is open. Inline weights and constants are copies in any case.
 *
 * @param files   with the stamps they had; a derived file, which is named by its content, needs none
 * @param weights whether they stay in their files or each network has its own copy
 */
export function footprintOf(
  graph: Graph,
  files: readonly FileStamp[],
  weights: "mapped" | "copied",
): Footprint {
  const stamps = new Map(files.map(({ path, stamp }) => [path, stamp]));
  const mapped = new Map<string, Stretch[]>();
  // A copy is in the type that the graph computes in.
  const computed = graph.operators.compute === "float16" ? 2 : 4;
  let copied = 0;
  for (const weight of graph.weights.values()) {
    const { path, offset, length, packed } = weight.ref;
    if (weight.inline) copied += inlineBytes(weight);
    // A packed tensor will have bytes of its own, in a file that may not be there yet.
    else if (weights === "copied")
      copied += weight.type === "int8" ? length : Math.max(length, values(weight.dims) * computed);
    else if (packed !== undefined) copied += length;
    else {
      const file = `${path}:${stamps.get(path) ?? ""}`;
      const stretches = mapped.get(file) ?? [];
      stretches.push([offset, offset + length]);
      mapped.set(file, stretches);
    }
  }
  for (const constant of graph.constants.values()) copied += constantBytes(constant);
  return { mapped, copied };
}

/** Bytes of several networks together: each stretch of a file once, however many of them have it mapped. */
export function totalBytes(footprints: Iterable<Footprint>): number {
  const files = new Map<string, Stretch[]>();
  let total = 0;
  for (const { mapped, copied } of footprints) {
    total += copied;
    for (const [file, stretches] of mapped) {
      const all = files.get(file) ?? [];
      all.push(...stretches);
      files.set(file, all);
    }
  }
  for (const stretches of files.values()) total += lengthOf(stretches);
  return total;
}

const values = (dims: readonly number[]): number => dims.reduce((product, n) => product * n, 1);
const inlineBytes = ({ type, dims }: Weight): number => (type === "float16" ? 2 : 4) * values(dims);
const sizes = { float32: 4, int64: 8, uint8: 1, int8: 1 } as const;
const constantBytes = ({ type, dims }: Constant): number => sizes[type] * values(dims);
