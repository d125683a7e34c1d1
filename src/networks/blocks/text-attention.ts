import type { Graph, Value } from "#/graph/graph.ts";
import type { Module } from "#/graph/module.ts";

/** Gives an attention of so many channels the keys and values [N, L, C] that it reads. */
export type Reading = (width: number) => Readonly<{ k: Value; v: Value }>;

/**
 * Keys and values of the text as inputs, where they were made before (`text-keys.ts`). Declares with each call, for the next
 * attention in the order of drawing, `text_keys_<n>` and `text_values_<n>` [N, T, C].
 */
export function textAttention(g: Graph): Reading {
  let site = 0;
  return (width) => {
    const told = (what: string): Value =>
      g.computing(g.input(`text_${what}_${site}`, "float32", ["N", "T", width]));
    const read = { k: told("keys"), v: told("values") };
    site += 1;
    return read;
  };
}

/** The cross-attentions of a UNet, in the order in which it is drawn. */
export function crossAttentions(unet: Module): readonly Module[] {
  const blocks = (name: string): readonly Module[] =>
    Array.from({ length: unet.count(name) }, (_, i) => unet.at(name).at(i));
  const all = [...blocks("input_blocks"), unet.at("middle_block"), ...blocks("output_blocks")];
  return all.flatMap((block) => {
    const transformers = block.at("1").at("transformer_blocks");
    const depths = Array.from({ length: block.at("1").count("transformer_blocks") }, (_, depth) => depth);
    return depths.map((depth) => transformers.at(depth).at("attn2"));
  });
}
