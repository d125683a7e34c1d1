import { type DetectionFiles, detectorFile, samFile } from "#/catalog/detection-files.ts";
import { type MatteModel, matteFile, matteModels, type Published } from "#/catalog/matte-files.ts";
import { RequestError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";
import { createBertTokenizer } from "#/pipeline/text/bert-tokenizer.ts";
import { detectionTokens, mostDetectionTokens } from "#/pipeline/text/detection-text.ts";
import { clothCategories, type MaskMaking, samModels } from "./mask-making.ts";
import { knownName } from "./names.ts";

/** What a request says of a mask that is to be made. */
export type MaskWords = Readonly<{
  model: string;
  clothCategory: string;
  samModel: string;
  prompt: string;
  boxThreshold: number;
  textThreshold: number;
  maxDetections: number;
  growBoxes: number;
  showBoxes: boolean;
}>;

/** What masks can be made with here; nothing where nobody looked. */
export type MaskWorld = Readonly<{ mattes?: readonly MatteModel[]; detection?: DetectionFiles }>;

/**
 * How a mask is made, by what a request says.
 *
 * @param fieldOf dotted path of the request's field that says it
 * @throws RequestError naming the field: `unknown-model` for a name nobody knows, `invalid-value` for a description without
 *   words, `missing-model` with the file, its folder, size and source
 */
export function chooseMask(
  words: MaskWords,
  fieldOf: (word: keyof MaskWords) => string,
  world: MaskWorld,
): MaskMaking {
  const matte = matteModels.find((name) => name === words.model);
  if (matte !== undefined) return chooseMatte(matte, words, fieldOf, world);
  return chooseDetection(words, fieldOf, world);
}

function chooseMatte(
  model: MatteModel,
  { clothCategory }: MaskWords,
  fieldOf: (word: keyof MaskWords) => string,
  { mattes = [] }: MaskWorld,
): MaskMaking {
  const making: MaskMaking =
    model === "u2net_cloth_seg"
      ? {
          by: "matte",
          model,
          category: knownName(clothCategory, clothCategories, fieldOf("clothCategory"), "cloth category"),
        }
      : { by: "matte", model };
  if (!mattes.includes(model)) throw missingMatte(model, fieldOf("model"));
  return making;
}

function chooseDetection(
  words: MaskWords,
  fieldOf: (word: keyof MaskWords) => string,
  { detection = { detector: false, sams: [] } }: MaskWorld,
): MaskMaking {
  const sam = knownName(words.samModel, samModels, fieldOf("samModel"), "SAM model");
  checkPrompt(words.prompt, fieldOf("prompt"));
  const missing = [
    ...(detection.detector ? [] : [detectorFile]),
    ...(detection.sams.includes(sam) ? [] : [samFile(sam)]),
  ];
  if (missing.length > 0) throw missingDetection(missing, fieldOf(detection.detector ? "samModel" : "model"));
  return {
    by: "detection",
    sam,
    prompt: words.prompt,
    boxThreshold: words.boxThreshold,
    textThreshold: words.textThreshold,
    most: words.maxDetections,
    growBoxes: words.growBoxes,
    show: words.showBoxes ? "boxes" : "mask",
  };
}

/** A character may be three tokens: only what is longer than a third is counted. */
function checkPrompt(prompt: string, field: string): void {
  if (prompt.trim() === "") {
    const message = `Say what is to be found: ${field} is empty. A full stop separates things, "face . hand .".`;
    throw new RequestError("invalid-value", message, { field, value: prompt });
  }
  if (3 * prompt.length < mostDetectionTokens) return;
  const tokens = detectionTokens(prompt, createBertTokenizer()).length;
  if (tokens <= mostDetectionTokens) return;
  const message = `${field} has ${tokens} tokens, and ${mostDetectionTokens} are read: say it shorter.`;
  throw new RequestError("invalid-value", message, { field });
}

function missingDetection(files: readonly Published[], field: string): RequestError {
  const each = files.map(
    ({ name, folder, bytes, source }) => `${name} (${inUnits(bytes)}, from ${source}) in models/${folder}`,
  );
  const message = `A mask of what is described needs ${each.join(" and ")}, which ${files.length === 1 ? "is" : "are"} not there. Or choose another ${field}.`;
  return new RequestError("missing-model", message, { field, value: "sam", name: files[0]?.name ?? "" });
}

/** Says what is not there, and where to get it. */
export function missingMatte(model: MatteModel, field: string): RequestError {
  const { name, folder, bytes, source } = matteFile(model);
  const message = `A mask by ${model} needs ${name} (${inUnits(bytes)}), which is not in models/${folder}. Get it from ${source}, or choose another ${field}.`;
  return new RequestError("missing-model", message, { field, value: model, name });
}
