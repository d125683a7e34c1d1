import {
  adapterFileNames,
  controlFileNames,
  demoControlFiles,
  faceDetectorName,
  negativeFileName,
  towerFileName,
} from "#/catalog/control-files.ts";
import { RequestError } from "#/lib/errors.ts";
import type { ControlSlot } from "./control-slots.ts";
import { isDemoFile } from "./demo-model.ts";
import { missingFiles } from "./missing-files.ts";
import type { ControlUse, ModelName, PartFile } from "./recipe.ts";

/** What there is to be guided with, for a checkpoint. */
export type ControlShelf = Readonly<{
  base: ModelName;
  /** Those of Fooocus' files, and of the demo's, that lie in the controlnet folder. */
  there: readonly string[];
  towers?: TowerShelf | undefined;
  /** Whether pictures are prepared: faces cut out of them. */
  prepare: boolean;
}>;

/** What lies in the clip_vision folder. */
export type TowerShelf = Readonly<{
  /** Fooocus' tower, and the demo's. */
  there: readonly string[];
  /** Any other tower, by its width. */
  ofWidth: (width: number) => ModelName | undefined;
}>;

/** The files by which a slot's picture guides, first the one it is known by, and what must be told of them. */
export type ControlFiles = Readonly<{
  files: readonly [PartFile, ...PartFile[]];
  warnings: readonly string[];
}>;

/** The width of CLIP ViT-H, which Fooocus' adapters read pictures by. */
const towerWidth = 1280;

/**
 * What guides by a picture of a kind: Fooocus' own files, or under the demo checkpoint the demo's. Neither ever serves the other:
 * their shapes differ.
 *
 * @throws RequestError `missing-model` naming all that is missing
 */
export function controlFilesFor(
  kind: ControlUse["kind"],
  slot: ControlSlot,
  shelf: ControlShelf,
): ControlFiles {
  if (isDemoFile(shelf.base)) return demoFilesFor(kind, slot, shelf);
  switch (kind) {
    case "canny":
    case "cpds": {
      const name = controlFileNames[kind];
      if (!shelf.there.includes(name)) throw missing(slot, [name]);
      return { files: [{ kind: "controlnet", name }], warnings: [] };
    }
    case "image":
      return adapterFor(adapterFileNames.image, [], slot, shelf);
    case "face":
      return adapterFor(adapterFileNames.face, shelf.prepare ? [faceDetectorName] : [], slot, shelf);
  }
}

/**
 * What prepares a picture of a kind, where a file is needed for that: faces are found by a network.
 *
 * @throws RequestError `missing-model`
 */
export function preparingFiles(
  kind: ControlUse["kind"],
  slot: ControlSlot,
  { there, prepare }: Pick<ControlShelf, "there" | "prepare">,
): readonly PartFile[] {
  if (kind !== "face" || !prepare) return [];
  if (!there.includes(faceDetectorName)) throw missing(slot, [faceDetectorName]);
  return [{ kind: "face_detector", name: faceDetectorName }];
}

/** An adapter, the tower that reads pictures for it, and what its negative branch is told; with all that is missing, of `more` too. */
function adapterFor(
  names: readonly [string, ...string[]],
  more: readonly string[],
  slot: ControlSlot,
  shelf: ControlShelf,
): ControlFiles {
  const { there, towers } = shelf;
  const adapter = names.find((name) => there.includes(name));
  const tower = towers?.there.includes(towerFileName) === true ? towerFileName : towers?.ofWidth(towerWidth);
  const lacking = [
    ...(adapter === undefined ? [names[0]] : []),
    ...(tower === undefined ? [towerFileName] : []),
    ...[negativeFileName, ...more].filter((name) => !there.includes(name)),
  ];
  if (adapter === undefined || tower === undefined || lacking.length > 0) throw missing(slot, lacking);
  const other = `Pictures of image prompts were read by ${tower}, a vision tower of the same width: ${towerFileName} is not in models/clip_vision.`;
  return {
    files: [
      { kind: "ip_adapter", name: adapter },
      { kind: "clip_vision", name: tower },
      { kind: "ip_negative", name: negativeFileName },
    ],
    warnings: tower === towerFileName ? [] : [other],
  };
}

const missing = ({ type, field }: ControlSlot, names: readonly string[]): RequestError =>
  missingFiles({
    who: type,
    names,
    without: "leave this control image out",
    field: `${field}.cn_type`,
    value: type,
  });

function demoFilesFor(
  kind: ControlUse["kind"],
  { type, field }: ControlSlot,
  { base, there, towers }: ControlShelf,
): ControlFiles {
  const { canny, image, tower } = demoControlFiles;
  if (kind === "canny" && there.includes(canny))
    return { files: [{ kind: "controlnet", name: canny }], warnings: [] };
  if (kind === "image" && there.includes(image) && towers?.there.includes(tower) === true)
    return {
      files: [
        { kind: "ip_adapter", name: image },
        { kind: "clip_vision", name: tower },
      ],
      warnings: [],
    };
  const message = `There is nothing by which ${base} could be guided by ${type}: Fooocus' files for that are for SDXL, and this demo model is of another shape. Name an SDXL checkpoint in base_model_name, or leave this control image out.`;
  throw new RequestError("missing-model", message, { field: `${field}.cn_type`, value: type, name: base });
}
