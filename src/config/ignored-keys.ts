import { FooocusSchema } from "./fooocus-keys.ts";
import { ConfigSchema } from "./schema.ts";

const ownRequest = "a request says it, and means the contract's own value where it says nothing";
const ownPage = "it is about Fooocus' page";
const ownDownloads = "fooocusd pull fetches files, and always_download those of presets";
const ownInput = "a request brings its own picture and says how it is used";

/** Keys with one reason. */
const because = (reason: string, keys: string): readonly (readonly [string, string])[] =>
  keys.split(" ").map((key) => [key, reason]);

/** Keys of Fooocus' `config.txt` (2.5.5, and FooocusAPI's) that change nothing here, and why. */
const ignoredKeys: ReadonlyMap<string, string> = new Map([
  ...because(ownRequest, "default_performance default_image_number default_save_metadata_to_images"),
  ...because(ownRequest, "default_metadata_scheme default_overwrite_upscale default_inpaint_method"),
  ...because(ownRequest, "default_save_only_final_enhanced_image default_sam_max_detections"),
  ...because(ownRequest, "default_inpaint_mask_model default_inpaint_mask_cloth_category"),
  ...because(ownRequest, "default_inpaint_mask_sam_model default_enhance_inpaint_mask_model"),
  ...because(ownRequest, "default_enhance_checkbox default_enhance_uov_method default_uov_method"),
  ...because(ownRequest, "default_enhance_uov_processing_order default_enhance_uov_prompt_type"),
  ...because(ownRequest, "default_invert_mask_checkbox default_inpaint_advanced_masking_checkbox"),
  ...because(ownInput, "default_controlnet_image_count default_image_prompt_checkbox"),
  ...because(ownPage, "default_advanced_checkbox default_developer_debug_mode_checkbox default_enhance_tabs"),
  ...because(ownPage, "default_image_prompt_advanced_checkbox default_selected_image_input_tab_id"),
  ...because(ownPage, "default_describe_apply_prompts_checkbox default_describe_content_type"),
  ...because(ownPage, "example_inpaint_prompts example_enhance_detection_prompts available_aspect_ratios"),
  ...because("the contract says how many pictures a request may ask for", "default_max_image_number"),
  ...because("a request may name as many LoRAs as it likes", "default_max_lora_number"),
  ...because("the contract says which weights it takes", "default_loras_min_weight default_loras_max_weight"),
  ...because("pictures are kept in outputs and inputs alone", "temp_path temp_path_cleanup_on_launch"),
  ...because(ownDownloads, "checkpoint_downloads lora_downloads embeddings_downloads vae_downloads"),
]);

/** One image prompt of Fooocus' page. */
const imagePrompt = /^default_ip_(?:image|type|stop_at|weight)_\d+$/;

/** Why a key of Fooocus' changes nothing here; undefined for one that is used. */
export function whyIgnored(key: string): string | undefined {
  if (Object.hasOwn(FooocusSchema.properties, key) || Object.hasOwn(ConfigSchema.properties, key))
    return undefined;
  if (imagePrompt.test(key)) return ownInput;
  return ignoredKeys.get(key) ?? "nobody here knows it";
}
