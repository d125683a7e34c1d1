import { Type } from "@sinclair/typebox";
import { flag, real, seed, text, whole } from "#/api/fields.ts";
import { anything, maybe, orNull } from "./words.ts";

/** Sides that can be drawn, in pixels. */
export const sides = { minimum: 64, maximum: 4096 } as const;

const side = (which: string) => orNull(whole(512, `${which} in pixels.`, sides));

/** What pictures from texts and pictures from pictures have in common, with A1111's defaults. */
export const generationFields = {
  prompt: orNull(text("", "Text to draw, with `(emphasis:1.2)` and `<lora:name:weight>`.")),
  negative_prompt: orNull(text("", "Text to avoid.")),
  styles: orNull(Type.Array(Type.String(), { default: [], description: "Names of styles.", maxItems: 500 })),
  seed: orNull(seed("Seed of the first picture; -1 draws one.")),
  subseed: orNull(seed("Not used.")),
  subseed_strength: orNull(real(0, "Not used.")),
  seed_resize_from_h: orNull(whole(-1, "Not used.")),
  seed_resize_from_w: orNull(whole(-1, "Not used.")),
  sampler_name: maybe(text("", "Name of a sampler, with or without its schedule.")),
  sampler_index: maybe(text("", "The same, where sampler_name says nothing.")),
  scheduler: maybe(text("", "Name of a schedule; Automatic takes the sampler's own.")),
  batch_size: orNull(whole(1, "Pictures in a batch.", { minimum: 1, maximum: 32 })),
  n_iter: orNull(whole(1, "Batches.", { minimum: 1, maximum: 32 })),
  steps: orNull(whole(50, "Steps.", { minimum: 1, maximum: 1000 })),
  cfg_scale: orNull(real(7, "Classifier-free guidance scale.", { minimum: 1, maximum: 30 })),
  width: side("Width"),
  height: side("Height"),
  restore_faces: orNull(flag(false, "Not used.")),
  tiling: orNull(flag(false, "Not used.")),
  eta: maybe(real(0, "Not used.")),
  s_min_uncond: maybe(real(0, "Not used.")),
  s_churn: maybe(real(0, "Not used.")),
  s_tmax: maybe(real(0, "Not used.")),
  s_tmin: maybe(real(0, "Not used.")),
  s_noise: maybe(real(1, "Not used.")),
  refiner_checkpoint: maybe(text("", "Checkpoint that takes over.")),
  refiner_switch_at: maybe(real(0.8, "Share of the steps after which it does.", { minimum: 0, maximum: 1 })),
  override_settings: anything("object", "Options for this request alone."),
  override_settings_restore_afterwards: orNull(flag(true, "Always so: an option of a request ends with it.")),
  script_name: maybe(text("", "There are no scripts to choose.")),
  script_args: anything("array", "What such a script is given."),
  alwayson_scripts: anything("object", "Units of ControlNet; there are no other scripts."),
  send_images: orNull(flag(true, "Whether the answer holds the pictures.")),
  save_images: orNull(flag(false, "Not used: every picture is kept in the history.")),
  do_not_save_samples: orNull(flag(false, "Not used.")),
  do_not_save_grid: orNull(flag(false, "Not used: there are no grids.")),
  disable_extra_networks: orNull(flag(false, "Leaves `<lora:...>` out.")),
  force_task_id: maybe(text("", "Not used.")),
  infotext: maybe(text("", "Not used.")),
  comments: anything("object", "Not used."),
  firstpass_image: maybe(text("", "Not used.")),
  distilled_cfg_scale: maybe(real(3.5, "Of other kinds of models.")),
  // The extension's older way.
  controlnet_units: anything("array", "The same as alwayson_scripts.controlnet.args."),
};
