import { expect, test } from "bun:test";
import { ModelError } from "#/lib/errors.ts";
import { renameOpenClip } from "#/weights/layouts/open-clip.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { headerOf, type Shapes, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

const path = "/models/some.safetensors";

/** The error for a file of these tensors. */
function refusal(shapes: Iterable<readonly [string, readonly number[]]>): ModelError {
  try {
    sdxlCheckpoint(headerOf(new Map(shapes), path));
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown;
  }
  throw new Error("it was not refused as a model");
}

/** The tiny SDXL layout with some tensors changed, added (a shape) or taken away (null). */
function changed(changes: Readonly<Record<string, readonly number[] | null>>): Shapes {
  const shapes = sdxlShapes(sdxlTiny);
  for (const [key, shape] of Object.entries(changes)) {
    if (shape === null) shapes.delete(key);
    else shapes.set(key, shape);
  }
  return shapes;
}

const unet = "model.diffusion_model.";
const early = `${unet}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight`;
const later = `${unet}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight`;

/** What a file is told to be that is no SDXL base model, by a tensor that gives it away. */
const foreign: readonly (readonly [string, string, readonly number[]])[] = [
  ["Stable Diffusion 3", "model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", [8, 8]],
  ["Flux", "double_blocks.0.img_attn.qkv.weight", [8, 8]],
  ["Flux or Stable Diffusion 3 in diffusers' names", "transformer_blocks.0.attn.norm_added_k.weight", [8]],
  ["a video model", `${unet}input_blocks.1.1.time_stack.0.norm1.weight`, [8]],
  ["a LoRA (put it into the loras folder)", "lora_unet_mid_block_attentions_0_proj_in.alpha", []],
  ["a LoRA (put it into the loras folder)", "unet.mid.lora_A.weight", [4, 8]],
  ["an SDXL or SD part in diffusers' names", "down_blocks.0.resnets.0.conv1.weight", [8, 8, 3, 3]],
  [
    "a ControlNet (put it into the controlnet folder)",
    "control_model.input_hint_block.0.weight",
    [8, 3, 3, 3],
  ],
  ["a Stable Diffusion 1.x model", early, [320, 768]],
  ["a Stable Diffusion 2.x model", early, [320, 1024]],
  ["a Stable Diffusion 1.x model", later, [640, 768]],
  ["an SDXL refiner", "conditioner.embedders.0.model.text_projection", [1280, 1280]],
  ["a VAE (put it into the vae folder)", "decoder.conv_in.weight", [512, 4, 3, 3]],
  ["of an unknown kind (1 tensors: what.weight ...)", "what.weight", [3]],
];

for (const [family, key, shape] of foreign) {
  test(`${key} makes a file ${family}`, () => {
    const error = refusal([[key, shape]]);
    expect(error.code).toBe("layout-unsupported");
    expect(error.message).toBe(`${path} is not an SDXL base model: it is ${family}.`);
    expect(error.details).toEqual({ path, found: family });
  });
}

for (const [marker, meaning] of [
  ["ztsnr", "zero-terminal-SNR betas"],
  ["edm_vpred.sigma_max", "the CosXL parameterisation"],
  ["edm_mean", "the EDM parameterisation of Playground 2.5"],
] as const) {
  test(`a file marked ${marker} is refused: it would be sampled wrongly`, () => {
    const error = refusal(changed({ [marker]: [] }));
    expect(error.code).toBe("layout-unsupported");
    expect(error.message).toContain(`uses ${meaning} (tensor ${marker})`.replace("uses", "using"));
    expect(error.details).toEqual({ path, key: marker });
  });
}

test("an inpainting model and other channel counts are named", () => {
  const key = `${unet}input_blocks.0.0.weight`;
  expect(refusal(changed({ [key]: [32, 9, 3, 3] })).message).toContain(
    "an inpainting model (9 input channels)",
  );
  expect(refusal(changed({ [key]: [32, 5, 3, 3] })).message).toContain("a model with 5 input channels");
});

test("parts whose widths disagree are refused with both numbers", () => {
  const to = `${unet}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight`;
  const context = refusal(changed({ [to]: [64, 100] }));
  expect(context.code).toBe("weight-shape");
  expect(context.details).toMatchObject({ path, found: 100, expected: 192 });
  const adm = refusal(changed({ [`${unet}label_emb.0.0.weight`]: [128, 1000] }));
  expect(adm.message).toContain("the ADM width (label_emb.0.0.weight) is 1000, it should be 1664");
  const latent = refusal(changed({ "first_stage_model.post_quant_conv.weight": [16, 16, 1, 1] }));
  expect(latent.message).toContain("the latent width (post_quant_conv.weight) is 16, it should be 4");
});

test("a tensor that every checkpoint needs is named where it is missing", () => {
  for (const [key, named] of [
    [`${unet}label_emb.0.0.weight`, "label_emb.0.0.weight"],
    [
      "conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight",
      "embeddings.token_embedding.weight",
    ],
    ["conditioner.embedders.1.model.text_projection", "text_projection.weight"],
    ["first_stage_model.post_quant_conv.weight", "post_quant_conv.weight"],
  ] as const) {
    const error = refusal(changed({ [key]: null }));
    expect(error.code).toBe("weight-missing");
    expect(error.message).toBe(`${path} lacks the tensor ${named}.`);
  }
  const without = [...sdxlShapes(sdxlTiny)].filter(([key]) => !key.includes(".attn2."));
  expect(refusal(without).message).toContain("has no cross-attention");
});

test("v_pred tells the prediction", () => {
  expect(sdxlCheckpoint(headerOf(sdxlShapes(sdxlTiny), path)).prediction).toBe("eps");
  expect(sdxlCheckpoint(headerOf(changed({ v_pred: [] }), path)).prediction).toBe("v");
});

test("OpenCLIP's fused projection is three tensors of the same bytes", () => {
  const key = "transformer.resblocks.0.attn.in_proj_weight";
  const { tensors } = headerOf(new Map([[key, [12, 4]]]), path);
  const renamed = renameOpenClip(tensors);
  const parts = ["q", "k", "v"].map((name) => renamed.get(`encoder.layers.0.self_attn.${name}_proj.weight`));
  expect(parts.map((part) => part?.shape)).toEqual([
    [4, 4],
    [4, 4],
    [4, 4],
  ]);
  expect(parts.map((part) => part?.offset)).toEqual([8, 40, 72]);
  expect(parts.map((part) => part?.length)).toEqual([32, 32, 32]);
});

test("a fused projection that cannot be cut in three is refused", () => {
  const key = "conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight";
  const error = refusal(changed({ [key]: [383, 128] }));
  expect(error.code).toBe("weight-shape");
  expect(error.details).toEqual({ path, key, found: [383, 128] });
});
