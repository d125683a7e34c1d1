import { expect, test } from "bun:test";
import { FooocusSchema } from "#/config/fooocus-keys.ts";
import { whyIgnored } from "#/config/ignored-keys.ts";

/** All keys that Fooocus 2.5.5 and FooocusAPI read from their `config.txt`. */
const keys = `available_aspect_ratios checkpoint_downloads default_advanced_checkbox default_aspect_ratio
  default_black_out_nsfw default_cfg_scale default_cfg_tsnr default_clip_skip default_controlnet_image_count
  default_describe_apply_prompts_checkbox default_describe_content_type default_developer_debug_mode_checkbox
  default_enhance_checkbox default_enhance_inpaint_mask_model default_enhance_tabs default_enhance_uov_method
  default_enhance_uov_processing_order default_enhance_uov_prompt_type default_image_number
  default_image_prompt_advanced_checkbox default_image_prompt_checkbox default_inpaint_advanced_masking_checkbox
  default_inpaint_engine_version default_inpaint_mask_cloth_category default_inpaint_mask_model
  default_inpaint_mask_sam_model default_inpaint_method default_invert_mask_checkbox default_ip_image_1
  default_ip_stop_at_4 default_ip_type_2 default_ip_weight_3 default_loras default_loras_max_weight
  default_loras_min_weight default_max_image_number default_max_lora_number default_metadata_scheme default_model
  default_output_format default_overwrite_step default_overwrite_switch default_overwrite_upscale
  default_performance default_prompt default_prompt_negative default_refiner default_refiner_switch
  default_sam_max_detections default_sample_sharpness default_sampler default_save_metadata_to_images
  default_save_only_final_enhanced_image default_scheduler default_selected_image_input_tab_id default_styles
  default_uov_method default_vae embeddings_downloads example_enhance_detection_prompts example_inpaint_prompts
  lora_downloads metadata_created_by path_checkpoints path_clip_vision path_controlnet path_embeddings
  path_fooocus_expansion path_inpaint path_loras path_outputs path_safety_checker path_sam path_upscale_models
  path_vae path_vae_approx path_wildcards previous_default_models temp_path temp_path_cleanup_on_launch
  vae_downloads`.split(/\s+/);

test("every key of Fooocus' is used, or there is a reason why not", () => {
  for (const key of keys) {
    const isUsed = Object.hasOwn(FooocusSchema.properties, key);
    const why = whyIgnored(key);
    expect([key, why === undefined]).toEqual([key, isUsed]);
    expect([key, why === "nobody here knows it"]).toEqual([key, false]);
  }
  expect(whyIgnored("port")).toBeUndefined();
  expect(whyIgnored("bogus")).toBe("nobody here knows it");
});
