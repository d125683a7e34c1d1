import type { Shapes } from "./sdxl-layout.ts";

/** Sizes of a Segment Anything; `all` are the layers that see the whole picture. */
export type SamSizes = Readonly<{
  width: number;
  heads: number;
  layers: number;
  all: readonly number[];
  patch: number;
  grid: number;
  window: number;
  embedding: number;
  /** Inner widths: of the layers, and of the mask decoder's. */
  inner: number;
  decoder: number;
}>;

const large = { patch: 16, grid: 64, window: 14, embedding: 256, decoder: 2048 } as const;

/** The published three. */
export const samSizes: Readonly<Record<"b" | "l" | "h", SamSizes>> = {
  b: { ...large, width: 768, heads: 12, layers: 12, all: [2, 5, 8, 11], inner: 3072 },
  l: { ...large, width: 1024, heads: 16, layers: 24, all: [5, 11, 17, 23], inner: 4096 },
  h: { ...large, width: 1280, heads: 16, layers: 32, all: [7, 15, 23, 31], inner: 5120 },
};

/** The one of `scripts/golden/segment.py`. */
export const samTiny: SamSizes = {
  width: 24,
  heads: 3,
  layers: 3,
  all: [1],
  patch: 8,
  grid: 8,
  window: 5,
  embedding: 32,
  inner: 48,
  decoder: 48,
};

/** Names and shapes of a Segment Anything as segment-anything saves it, with what is for other prompts than boxes. */
export function samShapes(sizes: SamSizes): Shapes {
  const shapes: Shapes = new Map();
  encoder(shapes, sizes);
  decoder(shapes, sizes);
  prompts(shapes, sizes.embedding, sizes.grid === 64 ? 16 : 4);
  return shapes;
}

const vectors = (shapes: Shapes, name: string, width: number): void => {
  shapes.set(`${name}.weight`, [width]);
  shapes.set(`${name}.bias`, [width]);
};

const linear = (shapes: Shapes, name: string, inner: number, outer: number): void => {
  shapes.set(`${name}.weight`, [outer, inner]);
  shapes.set(`${name}.bias`, [outer]);
};

function encoder(
  shapes: Shapes,
  { width, heads, layers, all, patch, grid, window, embedding, inner }: SamSizes,
) {
  const at = "image_encoder";
  shapes.set(`${at}.pos_embed`, [1, grid, grid, width]);
  shapes.set(`${at}.patch_embed.proj.weight`, [width, 3, patch, patch]);
  shapes.set(`${at}.patch_embed.proj.bias`, [width]);
  for (let i = 0; i < layers; i += 1) {
    const block = `${at}.blocks.${i}`;
    const rows = 2 * (all.includes(i) ? grid : window) - 1;
    for (const axis of ["h", "w"]) shapes.set(`${block}.attn.rel_pos_${axis}`, [rows, width / heads]);
    for (const norm of ["norm1", "norm2"]) vectors(shapes, `${block}.${norm}`, width);
    linear(shapes, `${block}.attn.qkv`, width, 3 * width);
    linear(shapes, `${block}.attn.proj`, width, width);
    linear(shapes, `${block}.mlp.lin1`, width, inner);
    linear(shapes, `${block}.mlp.lin2`, inner, width);
  }
  shapes.set(`${at}.neck.0.weight`, [embedding, width, 1, 1]);
  vectors(shapes, `${at}.neck.1`, embedding);
  shapes.set(`${at}.neck.2.weight`, [embedding, embedding, 3, 3]);
  vectors(shapes, `${at}.neck.3`, embedding);
}

function decoder(shapes: Shapes, { embedding: width, decoder: inner }: SamSizes): void {
  const at = "mask_decoder";
  const attention = (name: string, narrow: number): void => {
    for (const part of ["q", "k", "v"]) linear(shapes, `${name}.${part}_proj`, width, narrow);
    linear(shapes, `${name}.out_proj`, narrow, width);
  };
  for (let i = 0; i < 2; i += 1) {
    const layer = `${at}.transformer.layers.${i}`;
    attention(`${layer}.self_attn`, width);
    for (const which of ["token_to_image", "image_to_token"])
      attention(`${layer}.cross_attn_${which}`, width / 2);
    for (let norm = 1; norm <= 4; norm += 1) vectors(shapes, `${layer}.norm${norm}`, width);
    linear(shapes, `${layer}.mlp.lin1`, width, inner);
    linear(shapes, `${layer}.mlp.lin2`, inner, width);
  }
  attention(`${at}.transformer.final_attn_token_to_image`, width / 2);
  vectors(shapes, `${at}.transformer.norm_final_attn`, width);
  shapes.set(`${at}.iou_token.weight`, [1, width]);
  shapes.set(`${at}.mask_tokens.weight`, [4, width]);
  shapes.set(`${at}.output_upscaling.0.weight`, [width, width / 4, 2, 2]);
  shapes.set(`${at}.output_upscaling.0.bias`, [width / 4]);
  vectors(shapes, `${at}.output_upscaling.1`, width / 4);
  shapes.set(`${at}.output_upscaling.3.weight`, [width / 4, width / 8, 2, 2]);
  shapes.set(`${at}.output_upscaling.3.bias`, [width / 8]);
  const heads = [0, 1, 2, 3].map((token) => [`output_hypernetworks_mlps.${token}`, width / 8] as const);
  for (const [name, outer] of [...heads, ["iou_prediction_head", 4] as const])
    for (let n = 0; n < 3; n += 1) linear(shapes, `${at}.${name}.layers.${n}`, width, n < 2 ? width : outer);
}

function prompts(shapes: Shapes, width: number, channels: number): void {
  const at = "prompt_encoder";
  shapes.set(`${at}.pe_layer.positional_encoding_gaussian_matrix`, [2, width / 2]);
  const rows = ["point_embeddings.0", "point_embeddings.1", "point_embeddings.2", "point_embeddings.3"];
  for (const name of [...rows, "not_a_point_embed", "no_mask_embed"])
    shapes.set(`${at}.${name}.weight`, [1, width]);
  shapes.set(`${at}.mask_downscaling.0.weight`, [channels / 4, 1, 2, 2]);
  shapes.set(`${at}.mask_downscaling.0.bias`, [channels / 4]);
  vectors(shapes, `${at}.mask_downscaling.1`, channels / 4);
  shapes.set(`${at}.mask_downscaling.3.weight`, [channels, channels / 4, 2, 2]);
  shapes.set(`${at}.mask_downscaling.3.bias`, [channels]);
  vectors(shapes, `${at}.mask_downscaling.4`, channels);
  shapes.set(`${at}.mask_downscaling.6.weight`, [width, channels, 1, 1]);
  shapes.set(`${at}.mask_downscaling.6.bias`, [width]);
}
