import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type Checkpoint, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { neededUnet } from "./names/unet.ts";
import { parameterisation } from "./parameterisation.ts";
import { checkpointParts } from "./parts.ts";
import { withScales } from "./scaled.ts";
import { sdxlCheckpoint } from "./sdxl.ts";
import { vaeTensors } from "./vae.ts";
import { checkPart, unknownNames } from "./whole.ts";

/** The SDXL refiner's only text encoder, and the base's second. */
const refinerText = "conditioner.embedders.0.model.";

/** Stable Diffusion 1.x' text encoder, and how wide the text is that 2.x reads under the same name. */
const firstText = "cond_stage_model.transformer.";
const secondWidth = 1024;

/** Values of one size in an ADM vector, and how many sizes SDXL's base and refiner are told. */
const sinusoids = 256;
const sizes = { base: 6, refiner: 5 } as const;

/**
 * A checkpoint that takes over from the base model in the middle of a run: another SDXL base model, or the SDXL refiner
 * (Podell et al. 2023, section 2.5), of whose file nothing but the UNet is used; or Stable Diffusion 1.x (Rombach et al.
 * 2022), which is in another space of latents and so brings its VAE, too.
 *
 * @throws ModelError as {@link sdxlCheckpoint}
 */
export function refinerCheckpoint(file: WeightFile): Checkpoint {
  const has = (prefix: string): boolean => [...file.tensors.keys()].some((key) => key.startsWith(prefix));
  const { unet, textG, vae } = checkpointParts;
  if (has(unet.prefix) && has(refinerText) && !has(textG.prefix)) return unetOf(file, "sdxl-refiner");
  const text = textWidth(below(file.tensors, unet.prefix));
  if (has(unet.prefix) && has(firstText) && !has(`${unet.prefix}label_emb.`) && text !== secondWidth)
    return { ...unetOf(file, "sd-1"), vae: ownVae(file, has(vae.prefix)) };
  return sdxlCheckpoint(file);
}

function ownVae(file: WeightFile, isThere: boolean): WeightMap {
  if (isThere) return vaeTensors(file).vae;
  const { path } = file;
  const message = `${basename(path)} has no VAE inside, and its latents are of another space than SDXL's: take a file with one.`;
  throw new ModelError("weight-missing", message, { path, part: "vae" });
}

function unetOf(file: WeightFile, family: "sdxl-refiner" | "sd-1"): Checkpoint {
  const { path, stamp } = file;
  const part = checkpointParts.unet;
  const { prediction, schedule, doubts } = parameterisation(file);
  const unet = below(withScales(file), part.prefix);
  const channels = unet.get("input_blocks.0.0.weight")?.shape[1] ?? 4;
  if (channels !== 4) {
    const message = `${basename(path)} is a refiner with ${channels} input channels, which is not supported.`;
    throw new ModelError("layout-unsupported", message, { path, channels });
  }
  const needed = neededUnet(unet, family === "sd-1" ? "sd1" : "sdxl");
  checkPart({ path, ...part }, unet, needed, unknownNames(unet, needed));
  refuseUnfinished(file);
  const none = new Map();
  return {
    path,
    stamp,
    family,
    prediction,
    schedule,
    unet,
    textL: none,
    textG: none,
    vae: none,
    doubts,
    notes: [...doubts.prediction, ...doubts.schedule],
  };
}

/** How wide the text is that a UNet's cross-attentions read. */
export const textWidth = (unet: WeightMap): number =>
  [...unet].find(([key]) => key.endsWith(".attn2.to_k.weight"))?.[1].shape[1] ?? 0;

/** How wide a UNet's ADM vector is. */
const admWidth = (unet: WeightMap): number => unet.get("label_emb.0.0.weight")?.shape[1] ?? 0;

/**
 * Refuses a refiner that cannot read what the base model's text encoders say: the SDXL refiner is told the second one's
 * half, Stable Diffusion 1.x the first one's, a base model both.
 *
 * @throws ModelError `weight-shape` naming both files
 */
export function checkRefiner(refiner: Checkpoint, base: Checkpoint): void {
  const pooled = admWidth(base.unet) - sizes.base * sinusoids;
  const own = base.textL.get("embeddings.token_embedding.weight")?.shape[1] ?? 0;
  const text = textWidth(base.unet);
  const wants = {
    "sdxl-base": [text, pooled + sizes.base * sinusoids],
    "sdxl-refiner": [text - own, pooled + sizes.refiner * sinusoids],
    "sd-1": [own, 0],
  } as const;
  const [wantedText, wantedAdm] = wants[refiner.family];
  const found = [textWidth(refiner.unet), admWidth(refiner.unet)];
  if (found[0] === wantedText && found[1] === wantedAdm) return;
  const message =
    `${basename(refiner.path)} cannot refine what ${basename(base.path)} draws: it reads text of width ${found[0]} and an ` +
    `ADM vector of ${found[1]}, and is given ${wantedText} and ${wantedAdm}.`;
  throw new ModelError("weight-shape", message, { path: refiner.path, base: base.path });
}
