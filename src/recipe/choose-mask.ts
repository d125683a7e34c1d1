import { type MatteModel, matteFile, matteModels } from "#/catalog/matte-files.ts";
import { RequestError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";
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
export type MaskWorld = Readonly<{ mattes?: readonly MatteModel[] }>;

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
  const sam = knownName(words.samModel, samModels, fieldOf("samModel"), "SAM model");
  const message = `Masks of what is described cannot be made yet: SAM (${sam}) is not there in this version.`;
  throw new RequestError("not-implemented", message, { field: fieldOf("model"), model: `SAM (${sam})` });
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

/** Says what is not there, and where to get it. */
export function missingMatte(model: MatteModel, field: string): RequestError {
  const { name, folder, bytes, source } = matteFile(model);
  const message = `A mask by ${model} needs ${name} (${inUnits(bytes)}), which is not in models/${folder}. Get it from ${source}, or choose another ${field}.`;
  return new RequestError("missing-model", message, { field, value: model, name });
}
