const openRail = "CreativeML Open RAIL++-M";
const apache = "Apache-2.0";

/** Under which terms files are published, by the beginnings of their names; of what is not here its own page tells. */
const licences: readonly (readonly [start: string, licence: string])[] = [
  ["sd_xl_base_", openRail],
  ["sd_xl_refiner_", openRail],
  ["sd_xl_offset_example-lora", openRail],
  ["sdxl_lcm_lora", openRail],
  ["sdxl_lightning_4step_lora", openRail],
  ["playground-v2.5", "Playground v2.5 Community License"],
  ["stable-diffusion-safety-checker", "CreativeML Open RAIL-M"],
  ["ip-adapter-plus", apache],
  ["clip_vision_vit_h", "MIT"],
  ["detection_Resnet50_Final", "MIT"],
  ["model_base_caption", "BSD-3-Clause"],
  ["wd-v1-4-", apache],
  ["groundingdino_", apache],
  ["sam_vit_", apache],
  ["u2net", apache],
  ["isnet-", apache],
  ["xl-to-v1_interposer", apache],
];

/** The licence of a published file by its name; undefined where nobody here knows. */
export const licenceOf = (name: string): string | undefined =>
  licences.find(([start]) => name.startsWith(start))?.[1];
