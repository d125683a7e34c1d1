import type { Dimension } from "#/graph/dimensions.ts";
import { Graph, type Value } from "#/graph/graph.ts";
import { Module, type WeightSource } from "#/graph/module.ts";
import type { Operators } from "#/graph/operators.ts";
import { residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { dims, reshape, split, transpose } from "#/graph/ops/shape.ts";
import {
  cropped,
  doubled,
  groups,
  type Known,
  outputStatistics,
  type Strip,
  stripConv,
  stripHalved,
  stripNorm,
} from "./blocks/strip-operators.ts";
import { inFloat32 } from "./blocks/vae-blocks.ts";

/**
 * A part of a VAE that is computed strip by strip. `lead` is the convolution that enlarges the features a res-block works
 * on: they need not be kept, being made anew where they are needed.
 */
export type StripPart = Readonly<
  /** One after the other, on features that are doubled or halved before. */
  | { kind: "convolutions"; modules: readonly string[]; resample: "none" | "double" | "halve" }
  /** A res-block to its middle: what its second norm reads. */
  | { kind: "first"; module: string; lead?: string | undefined }
  /** A res-block from its middle, `hidden`, to its end. */
  | { kind: "second"; module: string; lead?: string | undefined }
  /** A res-block at once. */
  | { kind: "block"; module: string }
  /** Queries, keys and values of all pixels, [1, R * W, C] each. */
  | { kind: "tokens"; module: string }
  /** What the pixels at hand (`queries`) make of all (`keys`, `values`). */
  | { kind: "mixed"; module: string }
  /** The end of the network. */
  | { kind: "end"; norm: string; modules: readonly string[]; channels: number }
>;

/**
 * A graph of a part of a VAE for some rows of a picture, with what its norms are told of the whole: the picture comes out as
 * in one piece, whatever its strips.
 *
 * Inputs: `x` [1, C, R, W], the rows at hand and those above and below that are read; `inside` [1, 1, R, 1]; `hidden` of a
 * second half; for each norm in its order `shift0`, `factor0` [32, 1]. Outputs: `y`, the rows at hand, unless only their
 * `statistics` are wanted; `mean`, `squares` of these rows.
 *
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function drawStrip(
  source: WeightSource,
  operators: Operators,
  part: StripPart,
  wanted: "features" | "statistics" | "answer",
): Graph {
  const g = new Graph({ operators: inFloat32(operators) });
  const y = drawn(new Module(g, source), part);
  if (y === undefined) return g;
  if (wanted !== "statistics") g.output("y", y);
  if (wanted !== "answer") outputStatistics(y);
  return g;
}

function drawn(m: Module, part: StripPart): Value | undefined {
  switch (part.kind) {
    case "convolutions":
      return convolutions(m, part);
    case "first":
      return firstHalf(m.at(part.module), led(m, part), known(m.graph, 0)).x;
    case "second": {
      const strip = led(m, part);
      const block = m.at(part.module);
      const channels = block.size("conv1.weight", 0);
      const x = m.graph.input("hidden", "float32", strip.x.dims.with(1, channels));
      const hidden = { x, inside: strip.inside, clean: true };
      return joined(block, cropped(strip, 1), secondHalf(block, hidden, known(m.graph, 0)));
    }
    case "block": {
      const block = m.at(part.module);
      const strip = led(m, part);
      const hidden = firstHalf(block, strip, known(m.graph, 0));
      return joined(block, cropped(strip, 2), secondHalf(block, hidden, known(m.graph, 1)));
    }
    case "tokens":
      return tokens(m.at(part.module));
    case "mixed":
      return mixed(m.at(part.module));
    case "end":
      return end(m, part);
  }
}

/** The rows that a part is given, zeros beyond the border. */
function given(g: Graph, channels: number): Strip {
  const x = g.input("x", "float32", [1, channels, "R", "W"]);
  return { x, inside: g.input("inside", "float32", [1, 1, "R", 1]), clean: true };
}

function known(g: Graph, norm: number): Known {
  const port = (name: string): Value => g.input(`${name}${norm}`, "float32", [groups, 1]);
  return { shift: port("shift"), factor: port("factor") };
}

function convolutions(m: Module, { modules, resample }: Extract<StripPart, { kind: "convolutions" }>): Value {
  const [first = ""] = modules;
  const start = given(m.graph, m.size(`${first}.weight`, 1));
  if (resample === "halve") return stripHalved(m.at(first), start);
  // Doubled rows are an even number: one more than is needed is read above and below.
  const strip = resample === "double" ? cropped(doubled(start), 1) : start;
  return modules.reduce((at, name) => stripConv(m.at(name), at), strip).x;
}

/** What a res-block works on: the features that are kept, or what its lead makes of them. */
function led(m: Module, { module, lead }: Readonly<{ module: string; lead?: string | undefined }>): Strip {
  if (lead === undefined) return given(m.graph, m.size(`${module}.conv1.weight`, 1));
  const smaller = given(m.graph, m.size(`${lead}.weight`, 1));
  return stripConv(m.at(lead), doubled(smaller));
}

const firstHalf = (m: Module, strip: Strip, norm: Known): Strip =>
  stripConv(m.at("conv1"), stripNorm(m.at("norm1"), strip, norm, "silu"));

const secondHalf = (m: Module, hidden: Strip, norm: Known): Value =>
  stripConv(m.at("conv2"), stripNorm(m.at("norm2"), hidden, norm, "silu")).x;

const joined = (m: Module, { x }: Strip, answer: Value): Value =>
  residual(m, m.has("nin_shortcut") ? conv2d(m.at("nin_shortcut"), x) : x, answer);

function tokens(m: Module): undefined {
  const channels = m.size("norm.weight", 0);
  const g = m.graph;
  const { x } = stripNorm(m.at("norm"), given(g, channels), known(g, 0));
  for (const [name, output] of [
    ["q", "queries"],
    ["k", "keys"],
    ["v", "values"],
  ] as const) {
    const rows = reshape(conv2d(m.at(name), x), [0, channels, -1]);
    g.output(output, transpose(rows, [0, 2, 1]));
  }
}

function mixed(m: Module): Value {
  const g = m.graph;
  const channels = m.size("norm.weight", 0);
  const { x } = given(g, channels);
  const port = (name: string, pixels: Dimension): Value => g.input(name, "float32", [1, pixels, channels]);
  const read = { q: port("queries", "R*W"), k: port("keys", "T"), v: port("values", "T") };
  const found = reshape(transpose(attention(read, 1), [0, 2, 1]), dims(x, 0, 4));
  return residual(m, x, conv2d(m.at("proj_out"), found));
}

function end(m: Module, { norm, modules, channels }: Extract<StripPart, { kind: "end" }>): Value {
  const start = given(m.graph, m.size(`${norm}.weight`, 0));
  const strip = stripNorm(m.at(norm), start, known(m.graph, 0), "silu");
  const { x } = modules.reduce((at, name) => stripConv(m.at(name), at), strip);
  const parts = Number(x.dims[1]) / channels;
  return parts === 1 ? x : (split(x, parts, 1)[0] ?? x);
}
