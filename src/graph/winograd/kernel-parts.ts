import { rowsOf } from "#/weights/rows-of.ts";
import type { Parameter } from "../changed-weight.ts";
import type { Graph, Value } from "../graph.ts";
import { transforms } from "./matrices.ts";

/** Values of a kernel that are transformed at once: all of the VAE's widest. They become four times as many, at most 40 MB. */
const mostValues = 5 * 2 ** 19;

/**
 * A kernel [out, in, 3, 3] transformed for tiles, [1, 36, out', in] each, `out` cut into equal parts that are small enough: only one
 * of them is held at a time. It is made at every run, as the casts of weights are, so that the weights stay in the user's file.
 */
export function kernelParts(g: Graph, weight: Parameter): readonly Value[] {
  const [out = 0, input = 0] = weight.shape;
  const values = out * input * transforms.kernel.columns;
  const parts = [1, 2, 4, 8, 16].find((n) => out % n === 0 && values / n <= mostValues) ?? 1;
  return Array.from({ length: parts }, (_, part) => {
    const rows = out / parts;
    return transformed(g, sliced(g, weight, part * rows, rows), [rows, input]);
  });
}

/** Some output channels as rows [out' * in, 9]. */
function sliced(g: Graph, weight: Parameter, from: number, count: number): Value {
  const [out = 0, input = 0] = weight.shape;
  const { columns } = transforms.kernel;
  if (count === out) return g.weight(weight, [out * input, columns]);
  const { changes = [], packed } = weight;
  const dims = [count * input, columns];
  if (changes.length === 0 && packed === undefined) return g.weight(rowsOf(weight, from, count), dims);
  const bounds = [from * input, (from + count) * input, 0].map((value) => g.constant("int64", [value]));
  return g.prepare("Slice", [g.weight(weight, [out * input, columns]), ...bounds], { type: "float32", dims });
}

function transformed(g: Graph, rows: Value, [out, input]: readonly [number, number]): Value {
  const { rows: places, columns, values } = transforms.kernel;
  const factors = g.constant("float32", values, [places, columns]);
  const dims = [places, out * input];
  const flat = g.prepare("Gemm", [factors, rows], { type: "float32", dims }, { transB: 1 });
  const shape = [1, places, out, input];
  return g.prepare("Reshape", [flat, g.constant("int64", shape)], { type: "float32", dims: shape });
}
