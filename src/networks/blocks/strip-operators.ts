import { strides } from "#/graph/dimensions.ts";
import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { silu } from "#/graph/ops/activation.ts";
import { add, mul } from "#/graph/ops/arithmetic.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { doubleNearest } from "#/graph/ops/resize.ts";
import { reshape } from "#/graph/ops/shape.ts";
import { epsilon } from "./vae-blocks.ts";

/** Groups of every norm of the VAE. */
export const groups = 32;

/**
 * Some rows of features, with rows above and below that are only read: `x` [1, C, R, W], and `inside` [1, 1, R, 1], which is
 * 1 for the rows that are of the picture and 0 for those beyond its border. A strip is `clean` where its rows beyond the
 * border are zeros, which is what a convolution must read there.
 */
export type Strip = Readonly<{ x: Value; inside: Value; clean: boolean }>;

/** What a norm is told of the whole picture: minus the mean, and 1 / the deviation, of each group, [32, 1]. */
export type Known = Readonly<{ shift: Value; factor: Value }>;

/** Without `n` rows above and as many below. */
export function cropped({ x, inside, clean }: Strip, n: number): Strip {
  return { x: rowsOf(x, n), inside: rowsOf(inside, n), clean };
}

function rowsOf(x: Value, n: number): Value {
  const g = x.graph;
  let rows = x.dims[2] ?? 1;
  for (let row = 0; row < n; row += 1) rows = strides(rows, -2, 1);
  const bound = (at: number): Value => g.constant("int64", [at]);
  return g.node("Slice", [x, bound(n), bound(-n), bound(2)], {}, { dims: x.dims.with(2, rows) });
}

/** Twice the rows and columns. */
export function doubled({ x, inside, clean }: Strip): Strip {
  const both = doubleNearest(inside); // its one column is doubled too
  const g = inside.graph;
  const bound = (at: number): Value => g.constant("int64", [at]);
  const one = g.node("Slice", [both, bound(0), bound(1), bound(3)], {}, { dims: both.dims.with(3, 1) });
  return { x: doubleNearest(x), inside: one, clean };
}

/**
 * A convolution that reads zeros beyond the picture's border, as padding does. One of 3 x 3 answers with a row less above
 * and below, since the rows next to these are read and not computed.
 */
export function stripConv(m: Module, strip: Strip): Strip {
  const [, , height, width] = m.ref("weight").shape;
  if (height === 1 && width === 1) return { ...strip, x: conv2d(m, strip.x), clean: false };
  if (height !== 3 || width !== 3) throw m.misshapen("weight", "a kernel of 3 x 3 or 1 x 1");
  const x = conv2d(m, cleaned(strip).x, { padding: [0, 1, 0, 1] });
  return { x, inside: rowsOf(strip.inside, 1), clean: false };
}

const cleaned = (strip: Strip): Strip =>
  strip.clean ? strip : { ...strip, x: mul(strip.x, strip.inside), clean: true };

/** The convolution of the encoder that halves: it reads one row more below, and one column right, and none above and left. */
export const stripHalved = (m: Module, strip: Strip): Value =>
  conv2d(m, cleaned(strip).x, { stride: 2, padding: [0, 0, 0, 1] });

/**
 * A group norm whose statistics are known, and the SiLU behind it where one follows. A clean strip stays so at no cost: its
 * zeros are shifted by nothing, and the SiLU of 0 is 0.
 */
export function stripNorm(m: Module, strip: Strip, known: Known, activation?: "silu"): Strip {
  const { x, inside, clean } = strip;
  const channels = Number(x.dims[1]);
  const each = [groups, channels / groups];
  if (channels % groups !== 0) throw m.misshapen("weight", `a multiple of ${groups} channels`);
  const factor = mul(x.graph.weight(m.vectorParameter("weight", channels), each), known.factor);
  const shift = add(x.graph.weight(m.vectorParameter("bias", channels), each), mul(factor, known.shift));
  const perChannel = [1, channels, 1, 1];
  const moved = reshape(shift, perChannel);
  const y = add(mul(x, reshape(factor, perChannel)), clean ? mul(moved, inside) : moved);
  return { x: activation === "silu" ? silu(y) : y, inside, clean };
}

/** Mean, and squares of the distances from it, of each group over the rows at hand, as the outputs `mean` and `squares` [32, 1]. */
export function outputStatistics(x: Value): void {
  const g = x.graph;
  const rows = reshape(x, [groups, -1]);
  const axis = g.constant("int64", [1]);
  const reduced = (by: "ReduceMean" | "ReduceSumSquare", y: Value): Value =>
    g.node(by, [y, axis], { keepdims: 1 }, { dims: [groups, 1] });
  const mean = reduced("ReduceMean", rows);
  g.output("mean", mean);
  g.output("squares", reduced("ReduceSumSquare", g.node("Sub", [rows, mean], {}, { dims: rows.dims })));
}

/** 1 / the deviation of a norm, from a variance. */
export const factorOf = (variance: number): number => 1 / Math.sqrt(variance + epsilon);
