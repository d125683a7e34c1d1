import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { adapterSizes } from "./ip-adapter.ts";
import type { Located } from "./part-source.ts";
import { towerName, towerSizes } from "./vision-tower.ts";

type Wanted = Readonly<{ name: string; file: string }>;

const towers = {
  h: {
    name: "CLIP ViT-H",
    file: "clip_vision_vit_h.safetensors of lllyasviel/misc, or models/image_encoder/model.safetensors of h94/IP-Adapter",
  },
  bigG: { name: "CLIP ViT-bigG", file: "sdxl_models/image_encoder/model.safetensors of h94/IP-Adapter" },
} as const satisfies Record<string, Wanted>;

/** The published tower that gives such numbers: tokens are as wide as the tower, vectors as it projects them. */
const published: Readonly<Record<"tokens" | "vector", Readonly<Record<number, Wanted>>>> = {
  tokens: { 1280: towers.h, 1664: towers.bigG },
  vector: { 1024: towers.h, 1280: towers.bigG },
};

/**
 * Checks that an adapter reads what a vision tower gives. Both towers' files are mostly called `model.safetensors`.
 *
 * @throws ModelError `weight-shape` naming both files, both sizes, and the tower that is wanted
 */
export function checkTowerFits(adapter: Located, tower: Located): void {
  const { reads, width } = adapterSizes(adapter.tensors);
  const given = towerSizes(tower.tensors);
  const found = reads === "tokens" ? given.width : given.projected;
  if (found === width) return;
  const { path } = tower.file;
  const what = reads === "tokens" ? "tokens of a picture" : "one vector of a picture";
  const wanted = published[reads][width];
  const way =
    wanted === undefined
      ? "It wants the tower that it was trained with."
      : `It wants ${wanted.name} in the clip_vision folder (${wanted.file}).`;
  const message = `${basename(adapter.file.path)} reads ${what}, ${width} wide, and ${basename(path)} (${towerName(given.width)}) gives ${found}. ${way}`;
  throw new ModelError("weight-shape", message, { path, found, expected: width });
}
