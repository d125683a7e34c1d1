import { CommonRequest, type GenerateParams, generateFields } from "#/api/generate.ts";
import { lazyTokenizer } from "#/recipe/prompt-limits.ts";
import type { World } from "#/recipe/resolve.ts";

/** The contract's defaults with one checkpoint, no style and no LoRA: what is left is what a test says. */
export const plainParams: GenerateParams = {
  ...(Object.fromEntries(
    generateFields.map((field) => [field, CommonRequest.properties[field].default as unknown]),
  ) as GenerateParams),
  base_model_name: "base.safetensors",
  style_selections: [],
  loras: [],
  image_seed: 5n,
};

/** What is there to make it with: that checkpoint, and the contract's default sampler and schedule. */
export const plainWorld: World = {
  checkpoints: ["base.safetensors"],
  loras: [],
  vaes: [],
  styles: [],
  wildcards: () => undefined,
  sidecar: () => ({}),
  noise: "gpu",
  tokenizer: lazyTokenizer(),
};
