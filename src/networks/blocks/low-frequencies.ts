import type { Value } from "#/graph/graph.ts";
import { add, div, gemm, keepingShape, mul, sub } from "#/graph/ops/arithmetic.ts";
import { range } from "#/graph/ops/range.ts";
import { concat, dims, reshape, transpose, unsqueeze } from "#/graph/ops/shape.ts";

/**
 * Scales the lowest frequencies of each channel: those of its discrete Fourier transform that are 0 or -1 along both axes,
 * which is what FreeU's filter of threshold 1 finds in the middle of a centred spectrum (Si et al. 2023). Of the inverse's
 * complex numbers the real part is kept, as there.
 *
 * Along an axis of n the two frequencies are a projection, (1 + e^(-2 pi i (y - y') / n)) / n, whose real and imaginary
 * parts are made of three waves: 1, cos and sin of 2 pi y / n. So the filter is nine sums over each channel, mixed and
 * spread out again. In float32 whatever the graph computes in: the sums go over whole channels.
 *
 * @param x     [N, C, h, w]
 * @param scale [1], float32
 * @returns     [N, C, h, w]
 */
export function scaledLowFrequencies(x: Value, scale: Value): Value {
  const g = x.graph;
  const [height, width] = [dims(x, 2, 3), dims(x, 3, 4)];
  const [tall, wide] = [waves(height), waves(width)];
  const exact = g.cast(x, "float32");

  const across = gemm(rows(exact, width), transpose(wide, [1, 0])); // [N C h, 3]
  const sums = gemm(rows(swapped(across, [height, three(g)]), height), transpose(tall, [1, 0])); // [N C 3, 3]
  const one = g.constant("float32", [1]);
  const area = mul(g.cast(height, "float32"), g.cast(width, "float32"));
  const change = div(sub(scale, one), area);
  const mixed = mul(gemm(reshape(sums, [-1, 9]), g.constant("float32", mixing, [9, 9])), change);
  const down = gemm(reshape(mixed, [-1, 3]), tall); // [N C 3, h]
  const spread = gemm(rows(swapped(down, [three(g), height]), three(g)), wide); // [N C h, w]
  return g.cast(add(exact, reshape(spread, dims(x, 0, 4))), x.type);
}

const three = (g: Value["graph"]): Value => g.constant("int64", [3]);

const open = (g: Value["graph"]): Value => g.constant("int64", [-1]);

/** As rows of this many values. */
const rows = (x: Value, width: Value): Value => reshape(x, concat([open(x.graph), width], 0));

/** Rows of what is behind two axes, these two exchanged: [..., a, b] -> [..., b, a]. */
const swapped = (x: Value, axes: readonly [Value, Value]): Value =>
  transpose(reshape(x, concat([open(x.graph), ...axes], 0)), [0, 2, 1]);

/** 1, cos and sin of 2 pi y / n for y below n, [n, 3]. With n = 1 both frequencies are one, and count once. */
function waves(length: Value): Value {
  const g = length.graph;
  const number = (value: number): Value => g.constant("float32", [value]);
  const n = g.cast(length, "float32");
  const y = range(length);
  const angle = div(mul(y, number(2 * Math.PI)), n);
  const several = keepingShape("Sign", sub(n, number(1)));
  const all = [
    add(mul(y, number(0)), number(1)),
    mul(keepingShape("Cos", angle), several),
    keepingShape("Sin", angle),
  ];
  return concat(
    all.map((wave) => unsqueeze(wave, [1])),
    1,
  );
}

/**
 * The coefficients of the real part from the nine sums, both in the order of width times height: 1, cos, sin. The product
 * of two real parts keeps the sums; that of two imaginary ones, which is taken away, exchanges cos and sin on both axes.
 */
const mixing: readonly number[] = [
  [1, 0, 0, 0, 0, 0, 0, 0, 0],
  [0, 1, 0, 0, 0, 0, 0, 0, 0],
  [0, 0, 1, 0, 0, 0, 0, 0, 0],
  [0, 0, 0, 1, 0, 0, 0, 0, 0],
  [0, 0, 0, 0, 1, 0, 0, 0, -1],
  [0, 0, 0, 0, 0, 1, 0, 1, 0],
  [0, 0, 0, 0, 0, 0, 1, 0, 0],
  [0, 0, 0, 0, 0, 1, 0, 1, 0],
  [0, 0, 0, 0, -1, 0, 0, 0, 1],
].flat();
