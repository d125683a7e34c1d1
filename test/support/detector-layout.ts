import type { Shapes } from "./sdxl-layout.ts";

/** Sizes of a GroundingDINO: of its backbone, its text encoder, and the transformer between them. */
export type DetectorSizes = Readonly<{
  patch: number;
  depths: readonly number[];
  heads: readonly number[];
  window: number;
  mlp: number;
  text: Readonly<{ rows: number; positions: number; width: number; inner: number; layers: number }>;
  width: number;
  queries: number;
  layers: number;
  encoderInner: number;
  decoderInner: number;
  points: number;
}>;

/** groundingdino_swint_ogc.pth */
export const detectorFull: DetectorSizes = {
  patch: 96,
  depths: [2, 2, 6, 2],
  heads: [3, 6, 12, 24],
  window: 7,
  mlp: 4,
  text: { rows: 30_522, positions: 512, width: 768, inner: 3072, layers: 12 },
  width: 256,
  queries: 900,
  layers: 6,
  encoderInner: 2048,
  decoderInner: 2048,
  points: 4,
};

/** That of scripts/golden/detect.py. */
export const detectorTiny: DetectorSizes = {
  patch: 8,
  depths: [2, 2, 1, 1],
  heads: [1, 2, 2, 4],
  window: 5,
  mlp: 2,
  text: { rows: 30_522, positions: 256, width: 64, inner: 32, layers: 2 },
  width: 32,
  queries: 12,
  layers: 2,
  encoderInner: 48,
  decoderInner: 48,
  points: 4,
};

type Put = (name: string, ...shape: number[]) => void;

/** The names and shapes of such a file, as its repository saves one. */
export function detectorShapes(sizes: DetectorSizes): Shapes {
  const shapes = new Map<string, readonly number[]>();
  const put: Put = (name, ...shape) => shapes.set(`module.${name}`, shape);
  const { width, layers } = sizes;
  backbone(put, sizes);
  for (const [i, inner] of [2, 4, 8].entries()) {
    both(put, `input_proj.${i}.0`, width, inner * sizes.patch, 1, 1);
    both(put, `input_proj.${i}.1`, width);
  }
  both(put, "input_proj.3.0", width, 8 * sizes.patch, 3, 3);
  both(put, "input_proj.3.1", width);
  text(put, sizes);
  for (let i = 0; i < layers; i += 1) {
    encoderLayer(put, i, sizes);
    decoderLayer(put, i, sizes);
    boxHead(put, `bbox_embed.${i}`, width);
    boxHead(put, `transformer.decoder.bbox_embed.${i}`, width);
  }
  put("transformer.level_embed", 4, width);
  put("transformer.tgt_embed.weight", sizes.queries, width);
  both(put, "transformer.enc_output", width, width);
  both(put, "transformer.enc_output_norm", width);
  boxHead(put, "transformer.enc_out_bbox_embed", width);
  both(put, "transformer.decoder.norm", width);
  both(put, "transformer.decoder.ref_point_head.layers.0", width, 2 * width);
  both(put, "transformer.decoder.ref_point_head.layers.1", width, width);
  return shapes;
}

function both(put: Put, name: string, out: number, ...rest: number[]): void {
  put(`${name}.weight`, out, ...rest);
  put(`${name}.bias`, out);
}

function backbone(put: Put, { patch, depths, heads, window, mlp }: DetectorSizes): void {
  const at = "backbone.0";
  both(put, `${at}.patch_embed.proj`, patch, 3, 4, 4);
  both(put, `${at}.patch_embed.norm`, patch);
  for (const [i, depth] of depths.entries()) {
    const width = patch * 2 ** i;
    for (let j = 0; j < depth; j += 1) {
      const block = `${at}.layers.${i}.blocks.${j}`;
      both(put, `${block}.norm1`, width);
      both(put, `${block}.norm2`, width);
      put(`${block}.attn.relative_position_bias_table`, (2 * window - 1) ** 2, heads[i] ?? 1);
      both(put, `${block}.attn.qkv`, 3 * width, width);
      both(put, `${block}.attn.proj`, width, width);
      both(put, `${block}.mlp.fc1`, mlp * width, width);
      both(put, `${block}.mlp.fc2`, width, mlp * width);
    }
    if (i > 0) both(put, `${at}.norm${i}`, width);
    if (i === depths.length - 1) continue;
    put(`${at}.layers.${i}.downsample.reduction.weight`, 2 * width, 4 * width);
    both(put, `${at}.layers.${i}.downsample.norm`, 4 * width);
  }
}

function text(
  put: Put,
  { text: { rows, positions, width, inner, layers }, width: outer }: DetectorSizes,
): void {
  put("bert.embeddings.word_embeddings.weight", rows, width);
  put("bert.embeddings.position_embeddings.weight", positions, width);
  put("bert.embeddings.token_type_embeddings.weight", 2, width);
  both(put, "bert.embeddings.LayerNorm", width);
  for (let i = 0; i < layers; i += 1) {
    const layer = `bert.encoder.layer.${i}`;
    for (const name of ["query", "key", "value"]) both(put, `${layer}.attention.self.${name}`, width, width);
    both(put, `${layer}.attention.output.dense`, width, width);
    both(put, `${layer}.attention.output.LayerNorm`, width);
    both(put, `${layer}.intermediate.dense`, inner, width);
    both(put, `${layer}.output.dense`, width, inner);
    both(put, `${layer}.output.LayerNorm`, width);
  }
  both(put, "bert.pooler.dense", width, width);
  both(put, "feat_map", outer, width);
}

function encoderLayer(put: Put, i: number, { width, encoderInner, points }: DetectorSizes): void {
  const [picture, words, fusion] = ["layers", "text_layers", "fusion_layers"].map(
    (name) => `transformer.encoder.${name}.${i}`,
  ) as [string, string, string];
  deformable(put, `${picture}.self_attn`, width, points);
  forward(put, picture, width, encoderInner);
  attention(put, `${words}.self_attn`, width);
  forward(put, words, width, encoderInner / 2);
  for (const layer of [picture, words]) for (const n of [1, 2]) both(put, `${layer}.norm${n}`, width);
  for (const side of ["v", "l"]) {
    put(`${fusion}.gamma_${side}`, width);
    both(put, `${fusion}.layer_norm_${side}`, width);
    both(put, `${fusion}.attn.${side}_proj`, encoderInner / 2, width);
    both(put, `${fusion}.attn.values_${side}_proj`, encoderInner / 2, width);
    both(put, `${fusion}.attn.out_${side}_proj`, width, encoderInner / 2);
  }
}

function decoderLayer(put: Put, i: number, { width, decoderInner, points }: DetectorSizes): void {
  const layer = `transformer.decoder.layers.${i}`;
  deformable(put, `${layer}.cross_attn`, width, points);
  attention(put, `${layer}.self_attn`, width);
  attention(put, `${layer}.ca_text`, width);
  forward(put, layer, width, decoderInner);
  for (const name of ["norm1", "norm2", "norm3", "catext_norm"]) both(put, `${layer}.${name}`, width);
}

function deformable(put: Put, name: string, width: number, points: number): void {
  const places = 8 * 4 * points;
  both(put, `${name}.sampling_offsets`, 2 * places, width);
  both(put, `${name}.attention_weights`, places, width);
  both(put, `${name}.value_proj`, width, width);
  both(put, `${name}.output_proj`, width, width);
}

function attention(put: Put, name: string, width: number): void {
  put(`${name}.in_proj_weight`, 3 * width, width);
  put(`${name}.in_proj_bias`, 3 * width);
  both(put, `${name}.out_proj`, width, width);
}

function forward(put: Put, name: string, width: number, inner: number): void {
  both(put, `${name}.linear1`, inner, width);
  both(put, `${name}.linear2`, width, inner);
}

function boxHead(put: Put, name: string, width: number): void {
  both(put, `${name}.layers.0`, width, width);
  both(put, `${name}.layers.1`, width, width);
  both(put, `${name}.layers.2`, 4, width);
}
