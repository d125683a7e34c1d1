import type { GenerateParams } from "#/api/generate.ts";
import { type ControlShelf, controlFilesFor, preparingFiles } from "./control-shelf.ts";
import { type ControlSlot, controlSlots } from "./control-slots.ts";
import type { InputPicture } from "./input-pictures.ts";
import type { Controls, ControlUse, PartFile, Source } from "./recipe.ts";

/** How a request's pictures guide what is made, and the files for it. */
export type ChosenControls = Readonly<{
  controls?: Controls;
  parts: readonly ChosenPart[];
  warnings: readonly string[];
}>;

type ChosenPart = PartFile & Readonly<{ field: string }>;

/** The kinds of pictures that guide, in the order they are prepared. */
const kinds = [
  { type: "PyraCanny", kind: "canny" },
  { type: "CPDS", kind: "cpds" },
  { type: "ImagePrompt", kind: "image" },
  { type: "FaceSwap", kind: "face" },
] as const satisfies readonly Readonly<{ type: ControlSlot["type"]; kind: ControlUse["kind"] }>[];

/** What controls depend on besides the request: what the pictures are made from, and what there is to be guided with. */
type ControlWorld = Omit<ControlShelf, "prepare"> & Readonly<{ source: Source }>;

/**
 * Which pictures guide what is made, how strongly and how long (pipeline section 12); a network's files are parts once, however
 * many pictures it is for. Where only the prepared pictures are wanted no file is needed but what finds faces.
 *
 * @param pictures those of the recipe, in its order
 * @throws RequestError `missing-model` naming the files, their folders and where they come from
 */
export function chooseControls(
  params: GenerateParams,
  pictures: readonly InputPicture[],
  { source, ...world }: ControlWorld,
): ChosenControls {
  const slots = controlSlots(params).filter(({ idle }) => idle === undefined);
  const show = params.debugging_cn_preprocessor ? "preparation" : "result";
  // As in the reference, where such a picture is the end of the task.
  if (source.kind === "upscale" && source.direct)
    return { parts: [], warnings: slots.map(({ field }) => `${field}.cn_img took no part: ${direct}.`) };
  const shelf = { ...world, prepare: !params.skipping_cn_preprocessor };
  const parts: ChosenPart[] = [];
  const told = new Set<string>();
  const uses: ControlUse[] = [];
  for (const { type, kind } of kinds)
    for (const slot of slots) {
      if (slot.type !== type) continue;
      const { weight, stop } = slot;
      const picture = pictures.findIndex(({ field }) => field === `${slot.field}.cn_img`);
      const found = show === "result" ? controlFilesFor(kind, slot, shelf) : undefined;
      for (const warning of found?.warnings ?? []) told.add(warning);
      const net = found === undefined ? -1 : placeOf(found.files, parts, slot);
      takeOnce(preparingFiles(kind, slot, shelf), parts, slot);
      uses.push({ kind, picture, net, weight, stop });
    }
  if (uses.length === 0) return { parts, warnings: [] };
  return {
    parts,
    warnings: [
      ...told,
      ...asMany(params, show),
      ...(uses.some(({ kind }) => kind === "canny") ? pinched(params) : []),
    ],
    controls: {
      uses,
      show,
      softness: params.controlnet_softness,
      prepare: shelf.prepare,
      canny: { low: params.canny_low_threshold, high: params.canny_high_threshold },
    },
  };
}

const direct = "what is enlarged without diffusion is guided by nothing";

/**
 * The place of a network among those of its kind. With one that is new all its files become parts, so that the vision tower of an
 * adapter has the adapter's place.
 */
function placeOf(
  [network, ...further]: readonly [PartFile, ...PartFile[]],
  parts: ChosenPart[],
  slot: ControlSlot,
): number {
  const place = (): number =>
    parts.filter(({ kind }) => kind === network.kind).findIndex(({ name }) => name === network.name);
  const known = place();
  if (known !== -1) return known;
  const field = fieldOf(slot);
  const towers = further.filter(({ kind }) => kind === "clip_vision");
  parts.push(...[network, ...towers].map((file) => ({ ...file, field })));
  takeOnce(
    further.filter((file) => !towers.includes(file)),
    parts,
    slot,
  );
  return place();
}

/** Files of kinds of which a job has one. */
function takeOnce(files: readonly PartFile[], parts: ChosenPart[], slot: ControlSlot): void {
  for (const file of files)
    if (parts.every(({ kind }) => kind !== file.kind)) parts.push({ ...file, field: fieldOf(slot) });
}

const fieldOf = ({ field }: ControlSlot): string => `${field}.cn_type`;

const asMany = ({ image_number: asked }: GenerateParams, show: Controls["show"]): readonly string[] =>
  show === "preparation" && asked > 1
    ? [
        `debugging_cn_preprocessor shows how each control image is prepared: image_number ${asked} was not used.`,
      ]
    : [];

/** Canny takes the lower of two numbers for the lower one. */
function pinched(params: GenerateParams): readonly string[] {
  const { canny_low_threshold: low, canny_high_threshold: high, skipping_cn_preprocessor: skipped } = params;
  if (low <= high || skipped) return [];
  return [
    `canny_low_threshold ${low} is above canny_high_threshold ${high}: they were taken the other way round.`,
  ];
}
