import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/** Stability's base: a UNet this wide that is this deep somewhere is it, and so must be all of it. */
const base = { width: 320, deepest: 10, outputs: [10, 10, 10, 2, 2, 2, 0, 0, 0] } as const;

/** Channels of what is predicted. */
const latentChannels = 4;

type Sizes = Readonly<{ given: Given; embedding: number; context: number; whole: boolean; kind: UnetKind }>;
/** Families of UNets that are told apart by what they have. */
export type UnetKind = "sdxl" | "sd1";

type Level = Readonly<{ width: number; depth: number; blocks: readonly number[]; down?: number }>;

/**
 * The names that the UNet of these tensors must have (`sgm`'s openaimodel). Widths and depths follow what is there, so
 * that distilled models (SSD-1B, Vega) are whole in their own way; a transformer that is shallower than its neighbour
 * in the same level, or a whole block that is not there, is missing something.
 *
 * @param unet LDM names below `model.diffusion_model.`
 * @param kind Stable Diffusion 1.x is told no sizes, and its transformers are projected by kernels of 1 x 1
 */
export function neededUnet(unet: WeightMap, kind: UnetKind = "sdxl"): Needed {
  const { root, sizes, levels, skips, width } = encoder(unet, kind);
  const end = outputBlocks(root, sizes, levels, { skips: [...skips], width });
  root.norm("out.0", end);
  root.conv("out.2", end, latentChannels, 3);
  return root.needed;
}

/** What a UNet is made of down to its middle. */
export type NeededEncoder = Readonly<{
  /** The names so far; more may be put there. */
  root: Place;
  /** Widths of what is kept for the way up, in the order it is made. */
  skips: readonly number[];
  /** Width of what the middle gives. */
  width: number;
}>;

/** The names of SDXL's UNet from its inputs to its middle, as {@link neededUnet}: what a ControlNet has once more. */
export const neededEncoder = (unet: WeightMap): NeededEncoder => encoder(unet, "sdxl");

function encoder(
  unet: WeightMap,
  kind: UnetKind,
): NeededEncoder & Readonly<{ sizes: Sizes; levels: readonly Level[] }> {
  const given = new Given(unet);
  const root = new Place();
  const first = given.size(0, "input_blocks.0.0.weight", "input_blocks.0.0.bias") ?? 0;
  const embedding = given.size(0, "time_embed.0.weight", "time_embed.0.bias") ?? 4 * first;
  const toKeys = [...unet.keys()].find((key) => key.endsWith(".attn2.to_k.weight"));
  const blocks = Math.max(given.count("input_blocks"), given.count("output_blocks"));
  const depths = Array.from({ length: blocks }, (_, i) => depthOf(given, `input_blocks.${i}.1`));
  const whole = first === base.width && depths.includes(base.deepest);
  const sizes: Sizes = { given, embedding, context: given.size(1, toKeys ?? "") ?? 0, whole, kind };

  root.linear("time_embed.0", first, embedding);
  root.linear("time_embed.2", embedding, embedding);
  if (kind === "sdxl") {
    root.linear("label_emb.0.0", given.size(1, "label_emb.0.0.weight") ?? 0, embedding);
    root.linear("label_emb.0.2", embedding, embedding);
  }
  root.conv("input_blocks.0.0", given.size(1, "input_blocks.0.0.weight") ?? 4, first, 3);

  const levels = levelsOf(given, blocks, depths, first);
  const skips = inputBlocks(root, sizes, levels, first);
  const width = levels.at(-1)?.width ?? first;
  middleBlock(root.at("middle_block"), sizes, width);
  return { root, sizes, levels, skips, width };
}

/** Input blocks by level: a downsampler ends one. A block that is not there at all counts as a res-block. */
function levelsOf(given: Given, blocks: number, depths: readonly number[], first: number): readonly Level[] {
  const levels: Level[] = [];
  let own: number[] = [];
  let width = first;
  const close = (down?: number): void => {
    const depth = Math.max(0, ...own.map((i) => depths[i] ?? 0));
    levels.push({ width, depth, blocks: own, ...(down === undefined ? {} : { down }) });
    own = [];
  };
  for (let i = 1; i < blocks; i += 1) {
    const block = `input_blocks.${i}.0`;
    if (given.has(`${block}.op`)) {
      close(i);
      continue;
    }
    own.push(i);
    width =
      given.size(
        0,
        ...["out_layers.3", "out_layers.0", "in_layers.2"].map((name) => `${block}.${name}.weight`),
      ) ?? width;
  }
  close();
  return levels;
}

/** @returns widths of what the output blocks will join, in the order they are made */
function inputBlocks(root: Place, sizes: Sizes, levels: readonly Level[], first: number): number[] {
  const skips = [first];
  let width = first;
  for (const level of levels) {
    for (const i of level.blocks) {
      resBlock(root.at(`input_blocks.${i}.0`), width, level.width, sizes.embedding);
      width = level.width;
      if (level.depth > 0) transformer(root.at(`input_blocks.${i}.1`), width, level.depth, sizes);
      skips.push(width);
    }
    if (level.down === undefined) continue;
    root.conv(`input_blocks.${level.down}.0.op`, width, width, 3);
    skips.push(width);
  }
  return skips;
}

function middleBlock(m: Place, sizes: Sizes, width: number): void {
  const { given, embedding, whole } = sizes;
  const more = whole || given.has("middle_block.1") || given.has("middle_block.2");
  if (!more && !given.has("middle_block")) return;
  resBlock(m.at("0"), width, width, embedding);
  if (!more) return;
  const depth = whole ? base.deepest : Math.max(1, depthOf(given, "middle_block.1"));
  transformer(m.at("1"), width, depth, sizes);
  resBlock(m.at("2"), width, width, embedding);
}

type Features = Readonly<{ skips: number[]; width: number }>;

/** @returns width of the last one */
function outputBlocks(root: Place, sizes: Sizes, levels: readonly Level[], from: Features): number {
  const { given, embedding, whole } = sizes;
  let { width } = from;
  let n = 0;
  for (const [above, level] of [...levels.entries()].toReversed()) {
    for (let r = 0; r <= level.blocks.length; r += 1, n += 1) {
      const block = `output_blocks.${n}`;
      resBlock(root.at(`${block}.0`), width + (from.skips.pop() ?? 0), level.width, embedding);
      width = level.width;
      const depth = whole ? (base.outputs[n] ?? 0) : depthOf(given, `${block}.1`);
      if (depth > 0) transformer(root.at(`${block}.1`), width, depth, sizes);
      if (above > 0 && r === level.blocks.length)
        root.conv(`${block}.${depth > 0 ? 2 : 1}.conv`, width, width, 3);
    }
  }
  return width;
}

/** Blocks of the transformer at a name: 0 where there is none; a projection alone is one that lacks its blocks. */
function depthOf(given: Given, name: string): number {
  const blocks = given.count(`${name}.transformer_blocks`);
  return blocks === 0 && given.has(`${name}.proj_in`) ? 1 : blocks;
}

function resBlock(m: Place, inner: number, outer: number, embedding: number): void {
  m.norm("in_layers.0", inner);
  m.conv("in_layers.2", inner, outer, 3);
  m.linear("emb_layers.1", embedding, outer);
  m.norm("out_layers.0", outer);
  m.conv("out_layers.3", outer, outer, 3);
  if (inner !== outer) m.conv("skip_connection", inner, outer, 1);
}

function transformer(m: Place, width: number, depth: number, { context, kind }: Sizes): void {
  m.norm("norm", width);
  for (const end of ["proj_in", "proj_out"])
    if (kind === "sdxl") m.linear(end, width, width);
    else m.conv(end, width, width, 1);
  for (let t = 0; t < depth; t += 1) {
    const block = m.at(`transformer_blocks.${t}`);
    for (const [name, source] of [
      ["attn1", width],
      ["attn2", context],
    ] as const) {
      block.linear(`${name}.to_q`, width, width, false);
      block.linear(`${name}.to_k`, source, width, false);
      block.linear(`${name}.to_v`, source, width, false);
      block.linear(`${name}.to_out.0`, width, width);
    }
    block.linear("ff.net.0.proj", width, 8 * width);
    block.linear("ff.net.2", 4 * width, width);
    for (const n of [1, 2, 3]) block.norm(`norm${n}`, width);
  }
}
