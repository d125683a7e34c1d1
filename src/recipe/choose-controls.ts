import type { GenerateParams } from "#/api/generate.ts";
import { controlFileNames } from "#/catalog/control-files.ts";
import { RequestError } from "#/lib/errors.ts";
import { type ControlSlot, controlSlots } from "./control-slots.ts";
import type { InputPicture } from "./input-pictures.ts";
import type { Controls, ControlUse, PartFile, Source } from "./recipe.ts";

/** Where the files come from. */
const origin = "https://huggingface.co/lllyasviel/misc/resolve/main";

/** How a request's pictures guide what is made, and the files for it. */
export type ChosenControls = Readonly<{
  controls?: Controls;
  parts: readonly (PartFile & Readonly<{ field: string }>)[];
  warnings: readonly string[];
}>;

/** The kinds of pictures that a ControlNet is guided by, in the order they are prepared. */
const kinds = [
  { type: "PyraCanny", kind: "canny" },
  { type: "CPDS", kind: "cpds" },
] as const satisfies readonly Readonly<{ type: ControlSlot["type"]; kind: ControlUse["kind"] }>[];

/**
 * Which pictures guide what is made, how strongly and how long (pipeline section 12); each file is one part, however many
 * pictures it is for. Where only the prepared pictures are wanted no file is needed.
 *
 * @param pictures those of the recipe, in its order
 * @param source   what the pictures are made from, and the files of the controlnet folder
 * @throws RequestError `missing-model` naming the file, its folder and where it comes from
 */
export function chooseControls(
  params: GenerateParams,
  pictures: readonly InputPicture[],
  { source, there }: Readonly<{ source: Source; there: readonly string[] }>,
): ChosenControls {
  const slots = controlSlots(params).filter(({ idle }) => idle === undefined);
  const show = params.debugging_cn_preprocessor ? "preparation" : "result";
  // As in the reference, where such a picture is the end of the task.
  if (source.kind === "upscale" && source.direct)
    return { parts: [], warnings: slots.map(({ field }) => `${field}.cn_img took no part: ${direct}.`) };
  const parts: (PartFile & Readonly<{ field: string }>)[] = [];
  const uses: ControlUse[] = [];
  for (const { type, kind } of kinds)
    for (const slot of slots) {
      if (slot.type !== type) continue;
      const { weight, stop } = slot;
      const picture = pictures.findIndex(({ field }) => field === `${slot.field}.cn_img`);
      const name = controlFileNames[kind];
      if (show === "result" && parts.every((part) => part.name !== name))
        parts.push({ ...fileOf(name, slot, there), field: `${slot.field}.cn_type` });
      const net = parts.findIndex((part) => part.name === name);
      uses.push({ kind, picture, net, weight, stop });
    }
  if (uses.length === 0) return { parts, warnings: [] };
  return {
    parts,
    warnings: [
      ...asMany(params, show),
      ...(uses.some(({ kind }) => kind === "canny") ? pinched(params) : []),
    ],
    controls: {
      uses,
      show,
      softness: params.controlnet_softness,
      prepare: !params.skipping_cn_preprocessor,
      canny: { low: params.canny_low_threshold, high: params.canny_high_threshold },
    },
  };
}

const direct = "what is enlarged without diffusion is guided by nothing";

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

function fileOf(name: string, { type, field }: ControlSlot, there: readonly string[]): PartFile {
  if (there.includes(name)) return { kind: "controlnet", name };
  const message = `${type} needs ${name}, which is not in models/controlnet. Get it from ${origin}/${name}, or leave this control image out.`;
  throw new RequestError("missing-model", message, { field: `${field}.cn_type`, value: type, name });
}
