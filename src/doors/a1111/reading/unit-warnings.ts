import type { Json, JsonObject } from "#/api/json.ts";
import { likelyName } from "#/lib/nearest-names.ts";
import type { ControlKind } from "./control-kinds.ts";

/** Whether a field says something else than nothing and than what is so here. */
const isOther =
  (...same: readonly Json[]) =>
  (value: Json): boolean =>
    value !== null && value !== "" && !same.includes(value);

/** Fields of a unit that change a picture in A1111 and none here: when they do, and what is so instead. */
const unused: Readonly<Record<string, readonly [isTold: (value: Json) => boolean, instead: string]>> = {
  guidance_start: [isOther(0), "pictures guide from the first step on here"],
  control_mode: [isOther(0, "Balanced"), "it is Balanced here"],
  guess_mode: [isOther(false, 0), "say control_mode, which is Balanced here"],
  guessmode: [isOther(false, 0), "say control_mode, which is Balanced here"],
  hr_option: [isOther(0, "Both", "HiResFixOption.BOTH"), "both passes are guided here"],
  advanced_weighting: [isOther(), "every layer weighs the same here"],
  mask: [isOther(), "a picture guides as a whole here"],
  mask_image: [isOther(), "a picture guides as a whole here"],
  mask_image_fg: [isOther(), "a picture guides as a whole here"],
  effective_region_mask: [isOther(), "a picture guides as a whole here"],
  ipadapter_input: [isOther(), "say image"],
  batch_images: [isOther(), "a unit has one picture here"],
  batch_image_dir: [isOther(), "a unit has one picture here"],
};

/** How a picture that is of another shape is brought to the size; of an image prompt the network looks at a square of its own. */
const cuts: readonly Json[] = [1, "Crop and Resize", "Scale to Fit (Inner Fit)", "ResizeMode.INNER_FIT"];

/** Fields that are read, and those that change nothing about a picture, or not in what is here. */
const known: readonly string[] = [
  ...Object.keys(unused),
  ...["enabled", "module", "model", "weight", "image", "input_image", "image_fg", "guidance_end"],
  ...["threshold_a", "threshold_b", "resize_mode", "processor_res", "pixel_perfect", "low_vram", "lowvram"],
  ...["input_mode", "save_detected_map", "is_ui", "use_preview_as_input", "generated_image", "output_dir"],
  ...["loopback", "type_filter", "inpaint_crop_input_image", "batch_mask_dir", "batch_mask_gallery"],
  ...["batch_input_gallery", "animatediff_batch", "batch_modifiers", "batch_image_files"],
  ...["batch_keyframe_idx", "pulid_mode", "union_control_type"],
];

const [mostTold, longestName] = [10, 60] as const;

/** What of a ControlNet unit is not done as it is asked, a sentence each; `at` counts units from 0. */
export function unitWarnings(unit: JsonObject, at: number, { type }: ControlKind): readonly string[] {
  const said = Object.entries(unit).flatMap(([name, value]) => {
    const [isTold, instead] = Object.hasOwn(unused, name) ? (unused[name] ?? []) : [];
    return isTold?.(value) === true ? [`${name}: ${instead}`] : [];
  });
  const resize = unit["resize_mode"] ?? null;
  const isFitted = (type === "PyraCanny" || type === "CPDS") && resize !== null && !cuts.includes(resize);
  const others = Object.keys(unit)
    .filter((name) => !known.includes(name))
    .slice(0, mostTold)
    .map((name) => {
      const meant = likelyName(name, known);
      const shown = name.slice(0, longestName);
      return `${shown}: there is no such field${meant === undefined ? "" : ` (here: ${meant})`}`;
    });
  return [
    ...said,
    ...(isFitted ? ["resize_mode: a picture of another shape is cut here (Crop and Resize)"] : []),
    ...others,
  ].map((one) => `Not used: ControlNet unit ${at + 1}, ${one}.`);
}
