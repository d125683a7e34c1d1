import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type Checkpoint, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { renameDiffusersVae } from "./diffusers-vae.ts";
import { recogniseForeign } from "./foreign.ts";
import { neededTextG, neededTextL } from "./names/text.ts";
import { neededUnet } from "./names/unet.ts";
import { renameOpenClip } from "./open-clip.ts";
import { parameterisation } from "./parameterisation.ts";
import { checkpointParts } from "./parts.ts";
import { withScales } from "./scaled.ts";
import { checkVae } from "./vae.ts";
import { checkPart, counted, refuseFactors, unknownNames } from "./whole.ts";

/** Channels of one attention head, of the UNet and of both text encoders. */
const headSize = 64;

/** Numbers of the ADM vector beside the pooled text: six sizes in 256 sinusoids each (SDXL, section 2.2). */
const admSizes = 6 * 256;

type Parts = Readonly<Record<keyof typeof checkpointParts, WeightMap>>;

/** What training and other programs leave in a file, and markers that were read: nothing is lost with them. */
const leftovers = new RegExp(
  [
    "^model_ema\\.|^first_stage_model\\.(loss|model_ema)\\.|^loss\\b|^global_step$|^scale_factor$",
    "^(betas|alphas_cumprod|sqrt_|log_one_minus|posterior_|lvlb_weights|logvar)|^(model\\.)?denoiser\\b",
    "^(v_pred|ztsnr|edm_mean|edm_std|edm_vpred\\.sigma_(min|max))$",
    // Of CLIP: a list of 0 to 76, and what only its other half needs.
    "\\.(position_ids|logit_scale|attn_mask)$|^conditioner\\.embedders\\.1\\.model\\.visual\\.",
    "^conditioner\\.embedders\\.0\\.transformer\\.text_projection\\.",
  ].join("|"),
);

/**
 * The parts of an SDXL base model in one file (the layout of Stability's `sd_xl_base_1.0.safetensors`), of any width
 * and depth, recognised from names and shapes. A file without a VAE is one too: its `vae` is empty. Of the data only
 * scales of 8-bit weights are read, and the end where it is all zeros.
 *
 * @throws ModelError `layout-unsupported` with what the file is instead, `weight-missing`, `weight-shape`,
 *         `dtype-unsupported`, or `header-invalid` for an unfinished download
 */
export function sdxlCheckpoint(file: WeightFile): Checkpoint {
  const { path, stamp } = file;
  refuseForeign(file);
  const sampled = parameterisation(file);
  const tensors = withScales(file);
  const parts: Parts = {
    unet: below(tensors, checkpointParts.unet.prefix),
    textL: below(tensors, checkpointParts.textL.prefix),
    textG: below(tensors, checkpointParts.textG.prefix),
    vae: renameDiffusersVae(withoutTraining(below(tensors, checkpointParts.vae.prefix))),
  };
  refuseChannels(path, parts.unet);
  const unknown = checkParts(path, parts);
  checkWidths(path, parts);
  refuseHeads(path, parts);
  refuseUnfinished(file);

  const inParts = Object.values(checkpointParts);
  const unused = [
    ...[...tensors.keys()].filter((key) => !inParts.some(({ prefix }) => key.startsWith(prefix))),
    ...unknown,
  ].filter((key) => !leftovers.test(key));
  refuseFactors(path, unused);
  const notes =
    unused.length === 0 ? [] : [`${basename(path)} has ${counted(unused)} that nothing here uses.`];
  const { prediction, schedule, doubts } = sampled;
  const { unet, textL, vae } = parts;
  const textG = renameOpenClip(parts.textG);
  return {
    path,
    stamp,
    family: "sdxl-base",
    prediction,
    schedule,
    unet,
    textL,
    textG,
    vae,
    doubts,
    notes: [...doubts.prediction, ...doubts.schedule, ...notes],
  };
}

function refuseForeign({ path, tensors }: WeightFile): void {
  const { unet, textL, textG } = checkpointParts;
  const has = (prefix: string): boolean => {
    for (const key of tensors.keys()) if (key.startsWith(prefix)) return true;
    return false;
  };
  if (has(unet.prefix) && has(textL.prefix) && has(textG.prefix)) return;
  const piece = /-(\d{5})-of-(\d{5})\.\w+$/.exec(path);
  const found =
    piece === null
      ? recogniseForeign(tensors)
      : `piece ${Number(piece[1])} of ${Number(piece[2])} of a model (take the checkpoint in one file)`;
  throw new ModelError("layout-unsupported", `${basename(path)} is not an SDXL base model: it is ${found}.`, {
    path,
    found,
  });
}

/** @param vae names below its prefix */
const withoutTraining = (vae: WeightMap): WeightMap =>
  new Map([...vae].filter(([key]) => !leftovers.test(checkpointParts.vae.prefix + key)));

/** Checks that each part is whole. @returns full names of what the text encoders do not use */
function checkParts(path: string, { unet, textL, textG, vae }: Parts): readonly string[] {
  const names = neededUnet(unet);
  checkPart({ path, ...checkpointParts.unet }, unet, names, unknownNames(unet, names));
  const encoders = [
    [{ path, ...checkpointParts.textL }, textL, neededTextL(textL)],
    [{ path, ...checkpointParts.textG }, textG, neededTextG(textG)],
  ] as const;
  const unused = encoders.flatMap(([part, tensors, needed]) => {
    const unknown = unknownNames(tensors, needed).filter((key) => !leftovers.test(part.prefix + key));
    const inside = unknown.filter((key) => /^(encoder|transformer|embeddings|token_embedding)\b/.test(key));
    checkPart(part, tensors, needed, inside);
    return unknown.map((key) => part.prefix + key);
  });
  if (vae.size > 0) checkVae({ path, ...checkpointParts.vae }, vae);
  return unused;
}

function refuseChannels(path: string, unet: WeightMap): void {
  const channels = unet.get("input_blocks.0.0.weight")?.shape[1];
  if (channels === undefined || channels === 4) return;
  const found =
    channels === 9
      ? "an inpainting model (9 input channels)"
      : channels === 8
        ? "an instruct-pix2pix model (8 input channels)"
        : `a model with ${channels} input channels`;
  throw new ModelError("layout-unsupported", `${basename(path)} is ${found}, which is not supported yet.`, {
    path,
    channels,
  });
}

/** The numbers that must agree between the parts, or the file cannot work. */
function checkWidths(path: string, { unet, textL, textG }: Parts): void {
  const size = (map: WeightMap, key: string, axis: number): number => map.get(key)?.shape[axis] ?? 0;
  const expect = (what: string, key: string, found: number, expected: number): void => {
    if (found === expected) return;
    const message = `${basename(path)}: ${what} (${key}) is ${found}, it should be ${expected}.`;
    throw new ModelError("weight-shape", message, { path, key, found, expected });
  };
  const widthL = size(textL, "embeddings.token_embedding.weight", 1);
  const widthG = size(textG, "token_embedding.weight", 1);
  const projection = textG.has("text_projection") ? "text_projection" : "text_projection.weight";
  const pooled = size(textG, projection, projection === "text_projection" ? 1 : 0);
  const contextKey = [...unet.keys()].find((key) => key.endsWith("attn2.to_k.weight"));
  if (contextKey === undefined) {
    const message = `${basename(path)} is no SDXL base model: its UNet never looks at the text.`;
    throw new ModelError("weight-missing", message, { path });
  }
  expect("the context width", contextKey, size(unet, contextKey, 1), widthL + widthG);
  expect("the ADM width", "label_emb.0.0.weight", size(unet, "label_emb.0.0.weight", 1), pooled + admSizes);
}

/** Heads of attention are as wide as no shape tells, so widths must be a multiple of that. */
function refuseHeads(path: string, { unet, textL, textG }: Parts): void {
  const projection = /(attn1\.to_q|self_attn\.q_proj|attn\.out_proj)\.weight$/;
  for (const { key, shape } of [unet, textL, textG].flatMap((part) => [...part.values()])) {
    const [width = 0] = shape;
    if (!projection.test(key) || width % headSize === 0) continue;
    const message = `${basename(path)}: ${key} has ${width} rows, which are no heads of ${headSize}.`;
    throw new ModelError("weight-shape", message, { path, key, found: [...shape] });
  }
}
