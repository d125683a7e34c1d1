import { attentionSites } from "#/weights/layouts/attention-sites.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { headerOf, type SdxlSizes, type Shapes, sdxlBase, sdxlShapes } from "./sdxl-layout.ts";

/** Sizes of a CLIP vision tower. */
export type TowerLayout = Readonly<{ width: number; inner: number; layers: number; projected: number }>;

/** OpenCLIP ViT-H/14 and ViT-bigG/14, OpenAI's ViT-L/14, and one for tests. */
export const visionH: TowerLayout = { width: 1280, inner: 5120, layers: 32, projected: 1024 };
export const visionBigG: TowerLayout = { width: 1664, inner: 8192, layers: 48, projected: 1280 };
export const visionL: TowerLayout = { width: 1024, inner: 4096, layers: 24, projected: 768 };
export const visionTiny: TowerLayout = { width: 160, inner: 320, layers: 3, projected: 96 };

const patch = 14;
const positions = 257;

/** The tower in transformers' names. */
export function visionShapes({ width, inner, layers, projected }: TowerLayout): Shapes {
  const shapes: Shapes = new Map();
  const norm = (name: string): void => {
    shapes.set(`vision_model.${name}.weight`, [width]).set(`vision_model.${name}.bias`, [width]);
  };
  const linear = (name: string, from: number, to: number): void => {
    shapes.set(`vision_model.${name}.weight`, [to, from]).set(`vision_model.${name}.bias`, [to]);
  };
  shapes.set("vision_model.embeddings.class_embedding", [width]);
  shapes.set("vision_model.embeddings.patch_embedding.weight", [width, 3, patch, patch]);
  shapes.set("vision_model.embeddings.position_embedding.weight", [positions, width]);
  norm("pre_layrnorm");
  for (let i = 0; i < layers; i += 1) {
    const layer = `encoder.layers.${i}`;
    for (const part of ["k_proj", "v_proj", "q_proj", "out_proj"])
      linear(`${layer}.self_attn.${part}`, width, width);
    norm(`${layer}.layer_norm1`);
    linear(`${layer}.mlp.fc1`, width, inner);
    linear(`${layer}.mlp.fc2`, inner, width);
    norm(`${layer}.layer_norm2`);
  }
  norm("post_layernorm");
  return shapes.set("visual_projection.weight", [projected, width]);
}

/** The tower in OpenCLIP's names. */
export function openClipShapes({ width, inner, layers, projected }: TowerLayout): Shapes {
  const shapes: Shapes = new Map();
  const norm = (name: string): void => {
    shapes.set(`visual.${name}.weight`, [width]).set(`visual.${name}.bias`, [width]);
  };
  const linear = (name: string, from: number, to: number): void => {
    shapes.set(`visual.${name}.weight`, [to, from]).set(`visual.${name}.bias`, [to]);
  };
  shapes.set("visual.class_embedding", [width]);
  shapes.set("visual.positional_embedding", [positions, width]);
  shapes.set("visual.proj", [width, projected]);
  shapes.set("visual.conv1.weight", [width, 3, patch, patch]);
  norm("ln_pre");
  for (let i = 0; i < layers; i += 1) {
    const layer = `transformer.resblocks.${i}`;
    norm(`${layer}.ln_1`);
    shapes.set(`visual.${layer}.attn.in_proj_weight`, [3 * width, width]);
    shapes.set(`visual.${layer}.attn.in_proj_bias`, [3 * width]);
    linear(`${layer}.attn.out_proj`, width, width);
    norm(`${layer}.ln_2`);
    linear(`${layer}.mlp.c_fc`, width, inner);
    linear(`${layer}.mlp.c_proj`, inner, width);
  }
  norm("ln_post");
  return shapes;
}

/** Sizes of an adapter's reader of pictures. */
export type AdapterLayout =
  | Readonly<{ reads: "tokens"; width: number; latents: number; depth: number; from: number }>
  | Readonly<{ reads: "vector"; tokens: number; from: number }>;

/** ip-adapter-plus_sdxl_vit-h, ip-adapter_sdxl_vit-h and ip-adapter_sdxl. */
export const adapterPlus: AdapterLayout = { reads: "tokens", width: 1280, latents: 16, depth: 4, from: 1280 };
export const adapterPlain: AdapterLayout = { reads: "vector", tokens: 4, from: 1024 };
export const adapterBigG: AdapterLayout = { reads: "vector", tokens: 4, from: 1280 };
export const adapterTiny: AdapterLayout = { reads: "tokens", width: 64, latents: 5, depth: 2, from: 160 };

/** An adapter for a checkpoint of these sizes, in its published names. */
export function adapterShapes(sizes: SdxlSizes, layout?: AdapterLayout): Shapes {
  const shapes: Shapes = new Map();
  const context = sizes.textL.width + sizes.textG.width;
  const reader = layout ?? (sizes === sdxlBase ? adapterPlus : adapterTiny);
  if (reader.reads === "tokens") resamplerShapes(shapes, reader, context);
  else {
    shapes.set("image_proj.proj.weight", [reader.tokens * context, reader.from]);
    shapes.set("image_proj.proj.bias", [reader.tokens * context]);
    shapes.set("image_proj.norm.weight", [context]).set("image_proj.norm.bias", [context]);
  }
  const { unet } = sdxlCheckpoint(headerOf(sdxlShapes(sizes), "/base.safetensors"));
  for (const [k, { channels }] of attentionSites(unet).entries())
    for (const half of ["k", "v"])
      shapes.set(`ip_adapter.${2 * k + 1}.to_${half}_ip.weight`, [channels, context]);
  return shapes;
}

function resamplerShapes(
  shapes: Shapes,
  { width, latents, depth, from }: Extract<AdapterLayout, { reads: "tokens" }>,
  context: number,
): void {
  const put = (name: string, ...shape: number[]): void => {
    shapes.set(`image_proj.${name}`, shape);
  };
  const norm = (name: string, size: number): void => {
    put(`${name}.weight`, size);
    put(`${name}.bias`, size);
  };
  put("latents", 1, latents, width);
  put("proj_in.weight", width, from);
  put("proj_in.bias", width);
  put("proj_out.weight", context, width);
  put("proj_out.bias", context);
  norm("norm_out", context);
  for (let i = 0; i < depth; i += 1) {
    norm(`layers.${i}.0.norm1`, width);
    norm(`layers.${i}.0.norm2`, width);
    put(`layers.${i}.0.to_q.weight`, width, width);
    put(`layers.${i}.0.to_kv.weight`, 2 * width, width);
    put(`layers.${i}.0.to_out.weight`, width, width);
    norm(`layers.${i}.1.0`, width);
    put(`layers.${i}.1.1.weight`, 4 * width, width);
    put(`layers.${i}.1.3.weight`, width, 4 * width);
  }
}
