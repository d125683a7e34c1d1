import type { Shapes } from "./sdxl-layout.ts";

/** Sizes of a safety checker: of its tower, and of the vectors that are compared. */
export type SafetySizes = Readonly<{ width: number; layers: number; projected: number }>;

/** Stable Diffusion's own, with CLIP ViT-L/14; and one for tests. */
export const safetyFull: SafetySizes = { width: 1024, layers: 24, projected: 768 };
export const safetyTiny: SafetySizes = { width: 64, layers: 1, projected: 32 };

/** Names and shapes of a safety checker as its file has them. */
export function safetyShapes({ width, layers, projected }: SafetySizes): Shapes {
  const shapes: Shapes = new Map();
  const tower = (name: string, ...shape: readonly number[]): unknown =>
    shapes.set(`vision_model.vision_model.${name}`, shape);
  const norm = (name: string): void => {
    tower(`${name}.weight`, width);
    tower(`${name}.bias`, width);
  };
  const linear = (name: string, inner: number, outer: number): void => {
    tower(`${name}.weight`, outer, inner);
    tower(`${name}.bias`, outer);
  };
  tower("embeddings.class_embedding", width);
  tower("embeddings.position_ids", 1, 257);
  tower("embeddings.patch_embedding.weight", width, 3, 14, 14);
  tower("embeddings.position_embedding.weight", 257, width);
  norm("pre_layrnorm");
  for (let i = 0; i < layers; i += 1) {
    const at = `encoder.layers.${i}`;
    norm(`${at}.layer_norm1`);
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"])
      linear(`${at}.self_attn.${part}`, width, width);
    norm(`${at}.layer_norm2`);
    linear(`${at}.mlp.fc1`, width, 4 * width);
    linear(`${at}.mlp.fc2`, 4 * width, width);
  }
  norm("post_layernorm");
  shapes.set("visual_projection.weight", [projected, width]);
  for (const [name, rows] of [
    ["special_care_embeds", 3],
    ["concept_embeds", 17],
  ] as const) {
    shapes.set(name, [rows, projected]);
    shapes.set(`${name}_weights`, [rows]);
  }
  return shapes;
}
