import type { Parameter } from "../changed-weight.ts";
import { convolved, type Dimension, product, sameShape, strides, type Window } from "../dimensions.ts";
import type { Graph, Value } from "../graph.ts";
import { add } from "../ops/arithmetic.ts";
import { concat, dims, reshape, transpose } from "../ops/shape.ts";
import { kernelParts } from "./kernel-parts.ts";
import { type Flat, tile, transforms } from "./matrices.ts";
import { joinedQuarters, quartersOf, type Region } from "./quarters.ts";

const constantOf = (g: Graph, { rows, columns, values }: Flat, shape = [rows, columns]): Value =>
  g.constant("float32", values, shape);

/** What is beyond the border of the last tile, at most. */
const behind = tile.answer - 1;

/**
 * A convolution of 3 x 3 and stride 1 in tiles of 4 x 4 (Winograd 1980; Lavin & Gray 2016): 36 products a tile and pair of
 * channels, where the plain one takes 144. All of it are plain products of matrices: the runtime has no such kernel. Sides
 * that are no multiples of 4 are read with zeros behind, and cut.
 *
 * @param x      features [N, C, H, W]
 * @param weight [out, C, 3, 3], with its changes
 * @param bias   [out]
 */
export function tiledConv(x: Value, weight: Parameter, bias: Parameter | undefined, window: Window): Value {
  const g = x.graph;
  const [out = 0] = weight.shape;
  const shape = convolved(x.dims, out, window);
  const kernels = kernelParts(g, weight);
  const before = g.nodes.length;
  const answer = (region: Region): Value => answered(readTiles(region), kernels);
  const quarters = quartersOf(x, window);
  const y =
    quarters === undefined
      ? cut(answer(wholeOf(x, window, shape)), x, shape, window)
      : joinedQuarters(quarters.map(answer), shape);
  for (const { outputs } of g.nodes.slice(before)) for (const name of outputs) g.passing.add(name);
  g.passing.delete(y.name);
  return bias === undefined ? y : add(y, g.weight(bias, [1, out, 1, 1]));
}

function wholeOf(x: Value, { pads }: Window, [, , height = 1, width = 1]: readonly Dimension[]): Region {
  return { x, pads, tiles: [strides(height, behind, tile.answer), strides(width, behind, tile.answer)] };
}

/** 6 x 6 places around each tile, every channel transformed: [C, N, 36, down, across]. */
function readTiles({ x, pads: [top, left, bottom, right], tiles }: Region): Value {
  const g = x.graph;
  const [batch = 1, channels = 1] = x.dims;
  const { rows } = transforms.read;
  // Channels come first, where the product over them wants them. For one picture it is the same order.
  const planes = reshape(batch === 1 ? x : transpose(x, [1, 0, 2, 3]), [-1, 1, 0, 0]);
  const around: Window = {
    kernel_shape: [tile.read, tile.read],
    pads: [top, left, bottom + behind, right + behind],
    strides: [tile.answer, tile.answer],
  };
  const kernel = constantOf(g, transforms.read, [rows, 1, tile.read, tile.read]);
  const read = g.node("Conv", [planes, kernel], around, {
    dims: [product([channels, batch]), rows, ...tiles],
  });
  const shape = concat([g.constant("int64", [Number(channels), -1, rows]), dims(read, 2, 4)], 0);
  return reshape(read, shape);
}

/** Products over the channels of all tiles: [N, 36, out, down * across]. */
function multiplied(read: Value, kernels: readonly Value[]): Value {
  const [, batch = 1, rows = 1, ...tiles] = read.dims;
  const places = reshape(read, [0, 0, 0, -1]);
  const parts = kernels.map((kernel) => {
    const dims = [batch, rows, kernel.dims[2] ?? 1, product(tiles)];
    const result = { dims, domain: "com.microsoft" };
    return read.graph.node("FusedMatMul", [kernel, places], { transBatchB: 1 }, result);
  });
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : concat(parts, 2);
}

/** What the tiles answer: [N, out, 4 down, 4 across]. */
function answered(read: Value, kernels: readonly Value[]): Value {
  const g = read.graph;
  const products = multiplied(read, kernels);
  const [batch = 1, , channels = 1, tiles = 1] = products.dims;
  const out = Number(channels);
  const across = read.dims[4] ?? 1;
  const { answer: side } = tile;
  const answers = g.node(
    "MatMul",
    [constantOf(g, transforms.answer), reshape(products, [0, 0, -1])],
    {},
    { dims: [batch, side * side, product([out, tiles])] },
  );
  const width = g.node(
    "Mul",
    [dims(read, 4, 5), g.constant("int64", [side])],
    {},
    { type: "int64", dims: [1], elements: [product([side, across])] },
  );
  const lines = (second: number): Value => concat([g.constant("int64", [0, second, -1]), width], 0);
  // Two moves of one axis each are three times as fast as one of both.
  const beside = transpose(reshape(answers, [0, side, side, -1]), [0, 1, 3, 2]);
  return reshape(transpose(reshape(beside, lines(side)), [0, 2, 1, 3]), lines(out));
}

/** Without what the last tiles answer beyond the border. */
function cut(
  y: Value,
  x: Value,
  shape: readonly Dimension[],
  { pads: [top, left, bottom, right] }: Window,
): Value {
  if (sameShape(y.dims, shape)) return y;
  const g = x.graph;
  const constant = (values: readonly number[]): Value => g.constant("int64", values);
  const more = [top + bottom + 1 - tile.kernel, left + right + 1 - tile.kernel];
  const sides = dims(x, 2, 4);
  const same = more.every((n) => n === 0);
  const ends = same ? sides : g.node("Add", [sides, constant(more)], {}, { type: "int64", dims: [2] });
  return g.node("Slice", [y, constant([0, 0]), ends, constant([2, 3])], {}, { dims: shape });
}
