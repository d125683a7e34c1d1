import { type DType, dtypeBytes } from "#/weights/dtype.ts";
import type { WeightFile, WeightRef } from "#/weights/weight-file.ts";

/** Names and shapes, torch's order of axes. */
export type Shapes = Map<string, readonly number[]>;

/** The numbers that tell one SDXL-layout checkpoint from another. */
export type SdxlSizes = Readonly<{
  /** channels of the UNet's first convolution, and factors and transformer depths by level */
  unet: Readonly<{
    width: number;
    factors: readonly number[];
    depths: readonly number[];
    /** depths of the output blocks where they are others than their level's */
    outputs?: readonly number[];
    /** 0 for a res-block alone */
    middle: number;
  }>;
  textL: Readonly<{ width: number; layers: number }>;
  textG: Readonly<{ width: number; layers: number }>;
  vae: number;
}>;

/** Stability's sd_xl_base_1.0 and everything trained from it. */
export const sdxlBase: SdxlSizes = {
  unet: { width: 320, factors: [1, 2, 4], depths: [0, 2, 10], middle: 10 },
  textL: { width: 768, layers: 12 },
  textG: { width: 1280, layers: 32 },
  vae: 128,
};

/** Segmind's SSD-1B (Gupta et al. 2024) and its shallower sister Vega. */
export const ssd1b: SdxlSizes = {
  ...sdxlBase,
  unet: { ...sdxlBase.unet, depths: [0, 2, 4], outputs: [4, 4, 10, 2, 1, 1, 0, 0, 0], middle: 0 },
};
export const vega: SdxlSizes = {
  ...sdxlBase,
  unet: { ...sdxlBase.unet, depths: [0, 1, 2], middle: 0 },
};

/** The same layout with next to nothing in it. */
export const sdxlTiny: SdxlSizes = {
  unet: { width: 32, factors: [1, 2, 4], depths: [0, 1, 2], middle: 2 },
  textL: { width: 64, layers: 2 },
  textG: { width: 128, layers: 2 },
  vae: 32,
};

const vocabulary = 49408;
const positions = 77;

/** Every tensor of an SDXL-layout file in float16, which is how they are published. */
export function sdxlShapes(sizes: SdxlSizes): Shapes {
  const shapes: Shapes = new Map();
  unetShapes(new Place(shapes, "model.diffusion_model."), sizes);
  textLShapes(new Place(shapes, "conditioner.embedders.0.transformer.text_model."), sizes.textL);
  textGShapes(new Place(shapes, "conditioner.embedders.1.model."), sizes.textG);
  vaeShapes(new Place(shapes, "first_stage_model."), sizes.vae);
  return shapes;
}

/** A header as if read from a file: tensors in order, the last one ending with the file. */
export function headerOf(shapes: Shapes, path: string, dtype: DType = "F16"): WeightFile {
  const tensors = new Map<string, WeightRef>();
  let offset = 8;
  for (const [key, shape] of shapes) {
    const length = shape.reduce((product, n) => product * n, dtypeBytes[dtype]);
    tensors.set(key, { path, key, dtype, shape, offset, length });
    offset += length;
  }
  return { path, size: offset, stamp: "fixture", tensors, metadata: new Map() };
}

class Place {
  readonly #shapes: Shapes;
  readonly #prefix: string;

  constructor(shapes: Shapes, prefix: string) {
    this.#shapes = shapes;
    this.#prefix = prefix;
  }

  at(name: string): Place {
    return new Place(this.#shapes, `${this.#prefix}${name}.`);
  }

  put(name: string, ...shape: number[]): void {
    this.#shapes.set(this.#prefix + name, shape);
  }

  norm(name: string, width: number): void {
    this.put(`${name}.weight`, width);
    this.put(`${name}.bias`, width);
  }

  linear(name: string, inner: number, outer: number, bias = true): void {
    this.put(`${name}.weight`, outer, inner);
    if (bias) this.put(`${name}.bias`, outer);
  }

  conv(name: string, inner: number, outer: number, size: number): void {
    this.put(`${name}.weight`, outer, inner, size, size);
    this.put(`${name}.bias`, outer);
  }
}

function unetShapes(m: Place, { unet, textL, textG }: SdxlSizes): void {
  const { width: base, factors, depths, outputs = [], middle } = unet;
  const embedding = 4 * base;
  const context = textL.width + textG.width;
  m.linear("time_embed.0", base, embedding);
  m.linear("time_embed.2", embedding, embedding);
  m.linear("label_emb.0.0", textG.width + 6 * 256, embedding);
  m.linear("label_emb.0.2", embedding, embedding);
  m.conv("input_blocks.0.0", 4, base, 3);
  const skips = [base];
  let width = base;
  const block = (at: Place, skip: number, outer: number, depth: number): void => {
    resShapes(at.at("0"), width + skip, outer, embedding);
    width = outer;
    if (depth > 0) transformerShapes(at.at("1"), outer, depth, context);
  };
  for (const [level, factor] of factors.entries()) {
    for (let r = 0; r < 2; r += 1) {
      block(m.at(`input_blocks.${skips.length}`), 0, factor * base, depths[level] ?? 0);
      skips.push(width);
    }
    if (level === factors.length - 1) continue;
    m.conv(`input_blocks.${skips.length}.0.op`, width, width, 3);
    skips.push(width);
  }
  resShapes(m.at("middle_block.0"), width, width, embedding);
  if (middle > 0) {
    transformerShapes(m.at("middle_block.1"), width, middle, context);
    resShapes(m.at("middle_block.2"), width, width, embedding);
  }
  for (let level = factors.length - 1, n = 0; level >= 0; level -= 1) {
    for (let r = 0; r < 3; r += 1, n += 1) {
      const depth = outputs[n] ?? depths[level] ?? 0;
      block(m.at(`output_blocks.${n}`), skips.pop() ?? 0, (factors[level] ?? 1) * base, depth);
      if (level > 0 && r === 2) m.conv(`output_blocks.${n}.${depth > 0 ? 2 : 1}.conv`, width, width, 3);
    }
  }
  m.norm("out.0", width);
  m.conv("out.2", width, 4, 3);
}

function resShapes(m: Place, inner: number, outer: number, embedding: number): void {
  m.norm("in_layers.0", inner);
  m.conv("in_layers.2", inner, outer, 3);
  m.linear("emb_layers.1", embedding, outer);
  m.norm("out_layers.0", outer);
  m.conv("out_layers.3", outer, outer, 3);
  if (inner !== outer) m.conv("skip_connection", inner, outer, 1);
}

function transformerShapes(m: Place, width: number, depth: number, context: number): void {
  m.norm("norm", width);
  for (const end of ["proj_in", "proj_out"]) m.linear(end, width, width);
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

function textLShapes(m: Place, { width, layers }: SdxlSizes["textL"]): void {
  m.put("embeddings.token_embedding.weight", vocabulary, width);
  m.put("embeddings.position_embedding.weight", positions, width);
  for (let i = 0; i < layers; i += 1) {
    const layer = m.at(`encoder.layers.${i}`);
    layer.norm("layer_norm1", width);
    for (const part of ["q", "k", "v", "out"]) layer.linear(`self_attn.${part}_proj`, width, width);
    layer.norm("layer_norm2", width);
    layer.linear("mlp.fc1", width, 4 * width);
    layer.linear("mlp.fc2", 4 * width, width);
  }
  m.norm("final_layer_norm", width);
}

function textGShapes(m: Place, { width, layers }: SdxlSizes["textG"]): void {
  m.put("token_embedding.weight", vocabulary, width);
  m.put("positional_embedding", positions, width);
  m.put("text_projection", width, width);
  m.put("logit_scale");
  for (let i = 0; i < layers; i += 1) {
    const layer = m.at(`transformer.resblocks.${i}`);
    layer.norm("ln_1", width);
    layer.put("attn.in_proj_weight", 3 * width, width);
    layer.put("attn.in_proj_bias", 3 * width);
    layer.linear("attn.out_proj", width, width);
    layer.norm("ln_2", width);
    layer.linear("mlp.c_fc", width, 4 * width);
    layer.linear("mlp.c_proj", 4 * width, width);
  }
  m.norm("ln_final", width);
}

function vaeShapes(m: Place, base: number): void {
  const factors = [1, 2, 4, 4];
  const top = 4 * base;
  let width = base;
  m.conv("encoder.conv_in", 3, base, 3);
  for (const [level, factor] of factors.entries()) {
    const down = m.at(`encoder.down.${level}`);
    for (let r = 0; r < 2; r += 1) {
      vaeResShapes(down.at(`block.${r}`), width, factor * base);
      width = factor * base;
    }
    if (level < 3) down.conv("downsample.conv", width, width, 3);
  }
  vaeMiddleShapes(m.at("encoder.mid"), top);
  m.norm("encoder.norm_out", top);
  m.conv("encoder.conv_out", top, 8, 3);
  m.conv("decoder.conv_in", 4, top, 3);
  vaeMiddleShapes(m.at("decoder.mid"), top);
  for (const [level, factor] of [...factors.entries()].toReversed()) {
    const up = m.at(`decoder.up.${level}`);
    for (let r = 0; r < 3; r += 1) {
      vaeResShapes(up.at(`block.${r}`), width, factor * base);
      width = factor * base;
    }
    if (level > 0) up.conv("upsample.conv", width, width, 3);
  }
  m.norm("decoder.norm_out", base);
  m.conv("decoder.conv_out", base, 3, 3);
  m.conv("quant_conv", 8, 8, 1);
  m.conv("post_quant_conv", 4, 4, 1);
}

function vaeResShapes(m: Place, inner: number, outer: number): void {
  m.norm("norm1", inner);
  m.conv("conv1", inner, outer, 3);
  m.norm("norm2", outer);
  m.conv("conv2", outer, outer, 3);
  if (inner !== outer) m.conv("nin_shortcut", inner, outer, 1);
}

function vaeMiddleShapes(m: Place, width: number): void {
  vaeResShapes(m.at("block_1"), width, width);
  m.norm("attn_1.norm", width);
  for (const part of ["q", "k", "v", "proj_out"]) m.conv(`attn_1.${part}`, width, width, 1);
  vaeResShapes(m.at("block_2"), width, width);
}
