import { isSetting } from "./settings/setting-table.ts";
import { sidePlaces } from "./size-sides.ts";

const own: readonly string[] = [
  "prompt",
  "negative_prompt",
  "performance_selection",
  "aspect_ratios_selection",
  ...Object.values(sidePlaces),
  "image_number",
  "image_seed",
  "style_selections",
  "loras",
];

/** Whether the form says at a field, or at an item of its list, what the server does not like about it. */
export const hasPlace = (place: string): boolean =>
  own.includes(place) || isSetting(place) || /^loras\.\d+$/.test(place);
