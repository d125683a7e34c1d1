import type { WeightMap } from "../checkpoint.ts";

/** Pixels of a side of the pictures that image prompts are made of. */
export const visionSide = 224;

/** What the shapes of a CLIP vision tower say. */
export type TowerSizes = Readonly<{
  /** Of the tokens. */
  width: number;
  /** Of the one vector that a whole picture is made into. */
  projected: number;
  /** Pixels of a side of the pictures it reads. */
  side: number;
}>;

/** @param tower transformers' names */
export function towerSizes(tower: WeightMap): TowerSizes {
  const shapeOf = (key: string): readonly number[] => tower.get(key)?.shape ?? [];
  const [positions = 1] = shapeOf("embeddings.position_embedding.weight");
  const [width = 0, , , patch = 0] = shapeOf("embeddings.patch_embedding.weight");
  // One position is the class's.
  const side = Math.sqrt(positions - 1) * patch;
  const projected = shapeOf("visual_projection.weight")[0] ?? shapeOf("visual_projection")[1] ?? 0;
  return { width, projected, side };
}

/** Towers whose heads no rule gives: CLIP ViT-L, OpenCLIP's ViT-H and ViT-bigG (heads of 64, 80 and 104 channels). */
const published: Readonly<Record<number, Readonly<{ name: string; heads: number }>>> = {
  1024: { name: "CLIP ViT-L", heads: 16 },
  1280: { name: "CLIP ViT-H", heads: 16 },
  1664: { name: "CLIP ViT-bigG", heads: 16 },
};

/** Channels of a head of a tower of any other width. */
const headSize = 80;

/** What a tower of that width is called. */
export const towerName = (width: number): string =>
  published[width]?.name ?? `a CLIP vision tower ${width} wide`;

/** Heads of a tower of that width, which no shape tells; undefined where heads of 80 channels do not make it. */
export const towerHeads = (width: number): number | undefined =>
  published[width]?.heads ?? (width > 0 && width % headSize === 0 ? width / headSize : undefined);
