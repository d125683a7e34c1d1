import type { Shapes } from "./sdxl-layout.ts";

/** Sizes of a BLIP captioner. */
export type BlipSizes = Readonly<{
  vision: Readonly<{ width: number; layers: number }>;
  text: Readonly<{ width: number; layers: number }>;
}>;

/** Salesforce's captioners, base and large: the larger one sees more and says it with the same decoder. */
export const blipBase: BlipSizes = { vision: { width: 768, layers: 12 }, text: { width: 768, layers: 12 } };
export const blipLarge: BlipSizes = { ...blipBase, vision: { width: 1024, layers: 24 } };

/** Names and shapes of a captioner as its file has them. */
export function blipShapes({ vision, text }: BlipSizes): Shapes {
  const shapes: Shapes = new Map();
  const norm = (name: string, width: number): void => {
    shapes.set(`${name}.weight`, [width]);
    shapes.set(`${name}.bias`, [width]);
  };
  const linear = (name: string, inner: number, outer: number): void => {
    shapes.set(`${name}.weight`, [outer, inner]);
    shapes.set(`${name}.bias`, [outer]);
  };
  const see = (name: string): string => `visual_encoder.${name}`;
  shapes.set(see("cls_token"), [1, 1, vision.width]);
  shapes.set(see("pos_embed"), [1, 577, vision.width]);
  shapes.set(see("patch_embed.proj.weight"), [vision.width, 3, 16, 16]);
  shapes.set(see("patch_embed.proj.bias"), [vision.width]);
  for (let i = 0; i < vision.layers; i += 1) {
    norm(see(`blocks.${i}.norm1`), vision.width);
    linear(see(`blocks.${i}.attn.qkv`), vision.width, 3 * vision.width);
    linear(see(`blocks.${i}.attn.proj`), vision.width, vision.width);
    norm(see(`blocks.${i}.norm2`), vision.width);
    linear(see(`blocks.${i}.mlp.fc1`), vision.width, 4 * vision.width);
    linear(see(`blocks.${i}.mlp.fc2`), 4 * vision.width, vision.width);
  }
  norm(see("norm"), vision.width);
  const { width } = text;
  const bert = (name: string): string => `text_decoder.bert.${name}`;
  shapes.set(bert("embeddings.position_ids"), [1, 512]);
  shapes.set(bert("embeddings.word_embeddings.weight"), [30_524, width]);
  shapes.set(bert("embeddings.position_embeddings.weight"), [512, width]);
  norm(bert("embeddings.LayerNorm"), width);
  for (let i = 0; i < text.layers; i += 1) {
    for (const [kind, source] of [
      ["attention", width],
      ["crossattention", vision.width],
    ] as const) {
      const at = bert(`encoder.layer.${i}.${kind}`);
      linear(`${at}.self.query`, width, width);
      linear(`${at}.self.key`, source, width);
      linear(`${at}.self.value`, source, width);
      linear(`${at}.output.dense`, width, width);
      norm(`${at}.output.LayerNorm`, width);
    }
    linear(bert(`encoder.layer.${i}.intermediate.dense`), width, 4 * width);
    linear(bert(`encoder.layer.${i}.output.dense`), 4 * width, width);
    norm(bert(`encoder.layer.${i}.output.LayerNorm`), width);
  }
  const head = "text_decoder.cls.predictions";
  shapes.set(`${head}.bias`, [30_524]);
  linear(`${head}.transform.dense`, width, width);
  norm(`${head}.transform.LayerNorm`, width);
  linear(`${head}.decoder`, width, 30_524);
  return shapes;
}
