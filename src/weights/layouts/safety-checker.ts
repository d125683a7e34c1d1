import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { recogniseForeign } from "./foreign.ts";
import type { Needed } from "./names/needed.ts";
import { neededVision } from "./names/vision.ts";
import type { OwnFile, OwnPart, PartSource } from "./part-source.ts";
import { checkPart, counted } from "./whole.ts";

const tower = "vision_model.vision_model.";
const projection = "visual_projection.weight";

const safetyFile = {
  kind: "safety_checker",
  prefixes: [""],
  knownBy: "special_care_embeds",
  read: (file: WeightFile): OwnPart => safetyTensors(file),
  missing: "has no safety checker inside: that lies in a file of its own.",
} as const satisfies OwnFile;

/** Where the safety checker lies. */
export const safetySource = { ownFile: safetyFile } as const satisfies PartSource;

/**
 * The tensors of Stable Diffusion's safety checker: a CLIP vision tower, its projection, and what a picture is compared with.
 *
 * @returns and what of the file is not used
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors
 */
export function safetyTensors(file: WeightFile): OwnPart {
  const { path, tensors } = file;
  if (!tensors.has(safetyFile.knownBy)) {
    const found = recogniseForeign(tensors);
    const message = `${basename(path)} is not Stable Diffusion's safety checker, which has ${safetyFile.knownBy}: it is ${found}.`;
    throw new ModelError("layout-unsupported", message, { path, found });
  }
  const needed = neededOf(tensors);
  const own = new Map([...tensors].filter(([key]) => needed.has(key)));
  checkPart({ path, title: "safety checker", prefix: "" }, own, needed, []);
  refuseUnfinished(file);
  const unused = [...tensors.keys()].filter((key) => !needed.has(key) && !key.endsWith("position_ids"));
  const notes =
    unused.length === 0 ? [] : [`${basename(path)} has ${counted(unused)} that nothing here uses.`];
  return { tensors: own, notes };
}

function neededOf(tensors: WeightMap): Needed {
  const projected = tensors.get(projection);
  const inTower = new Map(below(tensors, tower));
  if (projected !== undefined) inTower.set(projection, projected);
  const needed = new Map<string, readonly number[] | undefined>();
  for (const [key, shape] of neededVision(inTower))
    needed.set(key.startsWith("visual_projection") ? projection : tower + key, shape);
  const width = projected?.shape[0] ?? 768;
  for (const [name, usual] of [
    ["special_care_embeds", 3],
    ["concept_embeds", 17],
  ] as const) {
    const rows = tensors.get(name)?.shape[0] ?? usual;
    needed.set(name, [rows, width]);
    needed.set(`${name}_weights`, [rows]);
  }
  return needed;
}
