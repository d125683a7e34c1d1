import type { GenerateMaskRequest } from "#/api/tools.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { detectorFile, findDetectionFile, samFile } from "#/catalog/detection-files.ts";
import type { Examiner } from "#/catalog/examine.ts";
import { matteFile, type Published } from "#/catalog/matte-files.ts";
import { ModelError, RequestError } from "#/lib/errors.ts";
import { chooseMask, type MaskWords } from "#/recipe/choose-mask.ts";
import type { MaskMaking } from "#/recipe/mask-making.ts";

/** The words of a request for a mask, each by the field that says it. */
const fields = {
  model: "mask_model",
  clothCategory: "cloth_category",
  samModel: "sam_model",
  prompt: "dino_prompt_text",
  boxThreshold: "box_threshold",
  textThreshold: "text_threshold",
  maxDetections: "sam_max_detections",
  growBoxes: "dino_erode_or_dilate",
  showBoxes: "dino_debug",
} as const satisfies Record<keyof MaskWords, keyof GenerateMaskRequest>;

const wordsOf = (request: GenerateMaskRequest): MaskWords => ({
  model: request.mask_model,
  clothCategory: request.cloth_category,
  samModel: request.sam_model,
  prompt: request.dino_prompt_text,
  boxThreshold: request.box_threshold,
  textThreshold: request.text_threshold,
  maxDetections: request.sam_max_detections,
  growBoxes: request.dino_erode_or_dilate,
  showBoxes: request.dino_debug,
});

/** Where the files of masks lie, and who looks at them. */
export type MaskShelf = Readonly<{
  catalog: Pick<Catalog, "path" | "roots">;
  examiner: Pick<Examiner, "foreign" | "detector" | "segmenter">;
}>;

/**
 * How the mask of a request is made, with files that are there and can be used.
 *
 * @throws RequestError as {@link chooseMask}; `unusable-model` for a file that is not what it is called
 */
export function maskOf(
  request: GenerateMaskRequest,
  world: Parameters<typeof chooseMask>[2],
  shelf: MaskShelf,
): MaskMaking {
  const making = chooseMask(wordsOf(request), (word) => fields[word], world);
  refuseUnusable(making, fields.model, shelf);
  return making;
}

/**
 * Looks at the files that a mask is made with.
 *
 * @param field dotted path of the request's field that chose them
 * @throws RequestError `unusable-model` with what was found and what is wanted
 */
export function refuseUnusable(making: MaskMaking, field: string, { catalog, examiner }: MaskShelf): void {
  const look = (what: string, { name, source }: Published, at: string | undefined, looked: Look): void => {
    try {
      if (at !== undefined) looked(at);
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      const message = `${thrown.message} The file that ${what} means comes from ${source}.`;
      const details = { field, value: what, name, cause: thrown.code };
      throw new RequestError("unusable-model", message, details, thrown);
    }
  };
  if (making.by === "matte") {
    const file = matteFile(making.model);
    look(making.model, file, catalog.path(file.folder, file.name), (path) => examiner.foreign("matte", path));
    return;
  }
  const [boxes, { sam }] = [detectorFile, making];
  look("sam", boxes, findDetectionFile(catalog.roots, boxes), (path) => examiner.detector(path));
  const outlines = samFile(sam);
  look(sam, outlines, findDetectionFile(catalog.roots, outlines), (path) => examiner.segmenter(path, sam));
}

/** @throws ModelError */
type Look = (path: string) => void;
