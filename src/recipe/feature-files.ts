import { captionFile, findCaptionFile } from "#/catalog/caption-file.ts";
import {
  adapterFileNames,
  controlFileNames,
  faceDetectorName,
  negativeFileName,
  towerFileName,
} from "#/catalog/control-files.ts";
import { detectorFile, findDetectionFile, samFile } from "#/catalog/detection-files.ts";
import { expansionNames, expansionThere } from "#/catalog/expansion-files.ts";
import { findModel, type ModelKind } from "#/catalog/find-model.ts";
import { inpaintHeadName, inpaintPatchNames } from "#/catalog/inpaint-files.ts";
import { matteFile, matteModels } from "#/catalog/matte-files.ts";
import { safetyFileThere, safetyNames } from "#/catalog/safety-file.ts";
import { taggerFiles } from "#/catalog/tagger-files.ts";
import { usualUpscaler } from "./choose-upscaler.ts";
import { samModels } from "./mask-making.ts";
import { performanceModes } from "./performance.ts";
import type { PresetFile } from "./preset-files.ts";

/** What can be asked for, and the files it needs that are not there. */
export type Feature = Readonly<{ name: string; missing: readonly PresetFile[] }>;

/** Names of which one is enough, the usual one first. */
type Need = Readonly<{ folder: ModelKind; names: readonly string[] }>;

const need = (folder: ModelKind, ...names: readonly string[]): Need => ({ folder, names });
const imagePrompt = [need("clip_vision", towerFileName), need("controlnet", negativeFileName)];

/** What is found by the names of files alone; what has a rule of its own is below. */
const needs: readonly (readonly [feature: string, needs: readonly Need[]])[] = [
  ...Object.entries(performanceModes).flatMap(([name, mode]) =>
    "distilled" in mode ? [[`performance ${name}`, [need("loras", mode.distilled.lora)]] as const] : [],
  ),
  ["ImagePrompt", [need("controlnet", ...adapterFileNames.image), ...imagePrompt]],
  [
    "FaceSwap",
    [need("controlnet", ...adapterFileNames.face), need("controlnet", faceDetectorName), ...imagePrompt],
  ],
  ["PyraCanny", [need("controlnet", controlFileNames.canny)]],
  ["CPDS", [need("controlnet", controlFileNames.cpds)]],
  ...Object.entries(inpaintPatchNames).map(
    ([engine, patch]) =>
      [`inpaint engine ${engine}`, [need("inpaint", inpaintHeadName), need("inpaint", patch)]] as const,
  ),
  ["upscaling", [need("upscale_models", usualUpscaler)]],
  ["tags of drawings", Object.values(taggerFiles).map(({ folder, name }) => need(folder, name))],
  ...matteModels.map((model) => [`mask model ${model}`, [need("inpaint", matteFile(model).name)]] as const),
];

/** Every feature that needs files beside a checkpoint, with what is missing for it under the model folders. */
export function featureFiles(roots: readonly string[]): readonly Feature[] {
  const named = (folder: ModelKind, names: readonly string[]): readonly PresetFile[] =>
    names.map((name) => ({ folder, name }));
  const isThere = (folder: ModelKind, name: string): boolean => findModel(roots, folder, name) !== undefined;
  const plain = needs.map(([name, all]) => ({
    name,
    missing: all
      .filter(({ folder, names }) => !names.some((one) => isThere(folder, one)))
      .map(({ folder, names: [usual = ""] }) => ({ folder, name: usual })),
  }));
  const lacks = expansionThere(roots).lacks;
  const expansion = Object.values(expansionNames)
    .map(([name]) => name)
    .filter((name) => lacks.some((lacking) => name.endsWith(`/${lacking}`)));
  const detector = findDetectionFile(roots, detectorFile) === undefined ? [detectorFile] : [];
  const caption = findCaptionFile(roots) === undefined ? [captionFile] : [];
  const safety = safetyFileThere(roots) === undefined ? [safetyNames[0]] : [];
  const sams = samModels.map((size): Feature => {
    const file = samFile(size);
    return {
      name: `mask model sam, ${size}`,
      missing: [...detector, ...(findDetectionFile(roots, file) === undefined ? [file] : [])],
    };
  });
  return [
    { name: "style Fooocus V2", missing: named("prompt_expansion", expansion) },
    ...plain,
    { name: "captions of photographs", missing: caption },
    ...sams,
    { name: "black_out_nsfw", missing: named("safety_checker", safety) },
  ];
}
