import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { recogniseForeign } from "./foreign.ts";
import { neededVision } from "./names/vision.ts";
import { renameOpenClipVision } from "./open-clip-vision.ts";
import type { OwnFile, OwnPart, PartSource } from "./part-source.ts";
import { towerHeads, towerName, towerSizes, visionSide } from "./vision-tower.ts";
import { checkPart, counted, unknownNames } from "./whole.ts";

const openClip = "visual.";
const transformers = "vision_model.";
const openClipKey = "class_embedding";
const transformersKey = "embeddings.class_embedding";

/** The projection stands beside the tower in transformers' files. */
const projection = "visual_projection.weight";

/** The text tower that comes with OpenCLIP's files and with whole CLIP models, and numbers that nothing is computed from. */
const leftover =
  /^(text_model|transformer|token_embedding|ln_final)\.|^(positional_embedding|text_projection(\.weight)?|logit_scale|logit_bias)$|(^|\.)position_ids$/;

/** A CLIP vision tower in a file of its own. */
const towerFile: OwnFile = {
  kind: "clip_vision",
  prefixes: [openClip, transformers],
  knownBy: openClipKey,
  read: visionTower,
  missing: "holds no CLIP vision tower, which lies in a file of its own.",
};

/** Where the tower lies that looks at pictures for image prompts. */
export const towerSource = { ownFile: towerFile } as const satisfies PartSource;

/**
 * The tensors of a CLIP vision tower (Radford et al. 2021, section 2.4) under transformers' names without `vision_model.`, the
 * projection among them; of OpenCLIP's or of transformers' file.
 *
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors
 */
function visionTower(file: WeightFile): OwnPart {
  const { path } = file;
  const own = towerTensors(file.tensors);
  const found = otherTower(own, file.tensors);
  if (found !== undefined) {
    const message = `${basename(path)} is no CLIP vision tower for image prompts of SDXL: it is ${found}. ${wanted}`;
    throw new ModelError("layout-unsupported", message, { path, found });
  }
  const tensors = new Map([...own].filter(([key]) => !leftover.test(key)));
  const needed = neededVision(tensors);
  checkPart({ path, title: "vision tower", prefix: "" }, tensors, needed, unknownNames(tensors, needed));
  refuseUnfinished(file);
  const used = new Set([...own.values()].map(({ key }) => key));
  const unused = [...file.tensors.keys()].filter((key) => !used.has(key) && !leftover.test(key));
  const notes =
    unused.length === 0 ? [] : [`${basename(path)} has ${counted(unused)} that nothing here uses.`];
  return { tensors, notes };
}

const wanted =
  "Nearly every adapter wants CLIP ViT-H, which Fooocus calls clip_vision_vit_h.safetensors; ip-adapter_sdxl alone wants CLIP ViT-bigG.";

/** The tower of a file under transformers' names; nothing where it has none. */
function towerTensors(tensors: WeightMap): WeightMap {
  if (tensors.has(openClip + openClipKey)) return renameOpenClipVision(below(tensors, openClip));
  const own = new Map(below(tensors, transformers));
  const projected = tensors.get(projection);
  return own.size === 0 || projected === undefined ? own : own.set(projection, projected);
}

/** What a file is that is none of the towers which are read; undefined where it may be one. */
function otherTower(own: WeightMap, all: WeightMap): string | undefined {
  if (!own.has(transformersKey))
    return own.size === 0 ? recogniseForeign(all) : "another kind of vision model (SigLIP, mostly)";
  const { width, side } = towerSizes(own);
  if (width === 1024) return `${towerName(width)}, ${width} wide`;
  if (towerHeads(width) === undefined)
    return `${towerName(width)}, which makes no heads of 80 channels (ViT-B is 768 wide)`;
  const hasSide =
    own.has("embeddings.position_embedding.weight") && own.has("embeddings.patch_embedding.weight");
  if (hasSide && side !== visionSide)
    return `${towerName(width)} for pictures of ${Math.round(side)} pixels, and ${visionSide} are wanted`;
  return undefined;
}
