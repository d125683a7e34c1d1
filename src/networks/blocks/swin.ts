import type { Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";
import { gelu } from "#/graph/ops/activation.ts";
import { add, gather, residual } from "#/graph/ops/arithmetic.ts";
import { attention } from "#/graph/ops/attention.ts";
import { conv2d } from "#/graph/ops/conv2d.ts";
import { linear } from "#/graph/ops/linear.ts";
import { layerNorm } from "#/graph/ops/norm.ts";
import { concat, dims, reshape, split, squeeze, transpose, unsqueeze } from "#/graph/ops/shape.ts";
import {
  apartMask,
  cutIntoWindows,
  cutTo,
  filledUp,
  joinWindows,
  rolled,
  type Windows,
} from "./shifted-windows.ts";

/** Pixels along a side of what becomes one token, of every Swin. */
const patch = 4;

/**
 * Swin (Liu et al. 2021): stages of attention in windows, every other layer's moved by half a window; between stages four
 * tokens become one. Depths, heads and windows are the weights'.
 *
 * @param m `patch_embed`, `layers`, and a norm for each stage that is answered with
 * @param picture [1, 3, 4 h, 4 w]
 * @returns features [1, C, ...] of the stages that have a norm, the finest first
 * @throws ModelError `weight-missing` or `weight-shape` naming the key
 */
export function swin(m: Module, picture: Value): readonly Value[] {
  m.shaped("patch_embed.proj.weight", [m.size("patch_embed.proj.weight", 0), 3, patch, patch]);
  const patches = conv2d(m.at("patch_embed.proj"), picture, { stride: patch, padding: 0 });
  let x = layerNorm(m.at("patch_embed.norm"), transpose(squeeze(patches, 0), [1, 2, 0]));
  const answers: Value[] = [];
  for (let i = 0; i < m.count("layers"); i += 1) {
    const stage = m.at("layers").at(i);
    for (let at = 0; at < stage.count("blocks"); at += 1)
      x = layer(stage.at("blocks").at(at), x, at % 2 === 1);
    const norm = `norm${i}`;
    if (m.has(norm)) answers.push(unsqueeze(transpose(layerNorm(m.at(norm), x), [2, 0, 1]), [0]));
    if (stage.has("downsample")) x = merged(stage.at("downsample"), x);
  }
  return answers;
}

/** @param x tokens [h, w, C] */
function layer(m: Module, x: Value, moved: boolean): Value {
  const side = (Math.sqrt(m.size("attn.relative_position_bias_table", 0)) + 1) / 2;
  if (!Number.isInteger(side) || side < 2)
    throw m.misshapen("attn.relative_position_bias_table", "as many rows as an odd number's square");
  m.shaped("attn.relative_position_bias_table", [
    (2 * side - 1) ** 2,
    m.size("attn.relative_position_bias_table", 1),
  ]);
  const by = Math.floor(side / 2);
  const filled = filledUp(layerNorm(m.at("norm1"), x), side);
  const cut = cutIntoWindows(moved ? rolled(filled, by) : filled, side);
  const bias = placeBias(m.at("attn"), side);
  const mask = moved ? add(apartMask(cut, side, by), bias) : bias;
  const seen = joinWindows({ ...cut, windows: windowAttention(m.at("attn"), cut, mask) }, side);
  const y = residual(m.at("attn"), x, cutTo(moved ? rolled(seen, -by) : seen, x));
  const rows = reshape(layerNorm(m.at("norm2"), y), [-1, Number(x.dims[2])]);
  const inner = linear(m.at("mlp.fc2"), gelu(linear(m.at("mlp.fc1"), rows)));
  return add(y, reshape(inner, dims(x)));
}

function windowAttention(m: Module, { windows }: Windows, mask: Value): Value {
  const width = Number(windows.dims[2]);
  const [q, k, v] = split(linear(m.at("qkv"), reshape(windows, [-1, width])), 3, -1).map((part) =>
    reshape(part, dims(windows)),
  );
  if (q === undefined || k === undefined || v === undefined)
    throw m.misfit("has no queries, keys and values");
  const heads = m.size("relative_position_bias_table", 1);
  if (width % heads !== 0) throw m.misshapen("relative_position_bias_table", `columns that divide ${width}`);
  const mixed = attention({ q, k, v }, heads, mask);
  return reshape(linear(m.at("proj"), reshape(mixed, [-1, width])), dims(windows));
}

/** What is added to scores for how far two tokens of a window lie apart: [1, heads, side side, side side]. */
function placeBias(m: Module, side: number): Value {
  const tokens = side * side;
  const ids = Array.from({ length: tokens * tokens }, (_, i) => {
    const [a, b] = [Math.floor(i / tokens), i % tokens];
    const down = Math.floor(a / side) - Math.floor(b / side) + side - 1;
    return down * (2 * side - 1) + (a % side) - (b % side) + side - 1;
  });
  const table = m.weight("relative_position_bias_table");
  const bias = gather(table, m.graph.constant("int64", ids, [tokens, tokens]));
  return unsqueeze(transpose(bias, [2, 0, 1]), [0]);
}

/** Four tokens side by side and below become one of twice the width: [h, w, C] -> [ceil(h/2), ceil(w/2), 2 C]. */
function merged(m: Module, x: Value): Value {
  const width = Number(x.dims[2]);
  const strips = transpose(reshape(filledUp(x, 2), [0, -1, 2 * width]), [1, 0, 2]);
  const fours = transpose(reshape(strips, [0, -1, 4 * width]), [1, 0, 2]);
  const byColumn = transpose(reshape(fours, [-1, 2, 2, width]), [0, 2, 1, 3]);
  const rows = linear(m.at("reduction"), layerNorm(m.at("norm"), reshape(byColumn, [-1, 4 * width])));
  const last = m.graph.constant("int64", [Number(rows.dims[1])]);
  return reshape(rows, concat([dims(fours, 0, 2), last], 0));
}
