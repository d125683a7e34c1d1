import { expect, test } from "bun:test";
import { ModelError } from "#/lib/errors.ts";
import { renameOpenClip } from "#/weights/layouts/open-clip.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { headerOf, type Shapes, sdxlBase, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

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

const only = "only SDXL models are drawn here";

/** What a file is told to be that is no SDXL base model, by a tensor that gives it away. */
const foreign: readonly (readonly [string, string, readonly number[]])[] = [
  [
    `a Stable Diffusion 3 model (${only})`,
    "model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight",
    [8, 8],
  ],
  [`a Flux model (${only})`, "double_blocks.0.img_attn.qkv.weight", [8, 8]],
  [`a Stable Diffusion 3 model (${only})`, "transformer_blocks.0.attn.norm_added_k.weight", [8]],
  [`a video model (${only})`, `${unet}input_blocks.1.1.time_stack.0.norm1.weight`, [8]],
  ["a LoRA (put it into the loras folder)", "lora_unet_mid_block_attentions_0_proj_in.alpha", []],
  ["a LoRA (put it into the loras folder)", "unet.mid.lora_A.weight", [4, 8]],
  ["a LoRA (put it into the loras folder)", "text_encoder.text_model.q_proj.lora.down.weight", [4, 8]],
  [
    `a Stable Diffusion 1.x or 2.x UNet in diffusers' names (${only})`,
    "down_blocks.0.resnets.0.conv1.weight",
    [8, 8, 3, 3],
  ],
  [
    "a ControlNet (put it into the controlnet folder)",
    "control_model.input_hint_block.0.weight",
    [8, 3, 3, 3],
  ],
  [`a Stable Diffusion 1.x model (${only})`, early, [320, 768]],
  [`a Stable Diffusion 2.x model (${only})`, early, [320, 1024]],
  [`a Stable Diffusion 1.x model (${only})`, later, [640, 768]],
  [
    "a text encoder alone (take the checkpoint in one file)",
    "cond_stage_model.transformer.text_model.x.weight",
    [8],
  ],
  ["a VAE (put it into the vae folder)", "decoder.up.0.block.0.conv1.weight", [512, 4, 3, 3]],
  ["of an unknown kind (1 tensors: what.weight ...)", "what.weight", [3]],
];

for (const [family, key, shape] of foreign) {
  test(`${key} makes a file ${family}`, () => {
    const error = refusal([[key, shape]]);
    expect(error.code).toBe("layout-unsupported");
    expect(error.message).toBe(`some.safetensors is not an SDXL base model: it is ${family}.`);
    expect(error.details).toEqual({ path, found: family });
  });
}

test("an SDXL model is told by what it has and lacks", () => {
  const shapes = sdxlShapes(sdxlTiny);
  const below = (...prefixes: string[]) =>
    [...shapes].filter(([key]) => prefixes.some((start) => key.startsWith(start)));
  expect(refusal(below(unet)).message).toContain("an SDXL UNet alone, without text encoders and VAE");
  expect(refusal(below(unet, "conditioner.embedders.1.")).message).toContain(
    "an SDXL model without text encoder L",
  );
  const bare = below(unet).map(([key, shape]) => [key.slice(unet.length), shape] as const);
  expect(refusal(bare).message).toContain("an SDXL UNet alone");
  expect(refusal([]).message).toContain("empty");
});

for (const [marker, meaning] of [
  ["edm_vpred.sigma_max", "the EDM parameterisation of CosXL"],
  ["edm_mean", "Playground 2.5's EDM parameterisation"],
] as const) {
  test(`a file marked ${marker} is refused: it would be sampled wrongly`, () => {
    const error = refusal(changed({ [marker]: [] }));
    expect(error.code).toBe("layout-unsupported");
    expect(error.message).toContain(`using ${meaning} (tensor ${marker})`);
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
  const narrow: Record<string, readonly number[]> = {};
  for (const [key, shape] of sdxlShapes(sdxlTiny))
    if (/attn2\.to_[kv]\.weight$/.test(key)) narrow[key] = [shape[0] ?? 0, 100];
  const context = refusal(changed(narrow));
  expect(context.code).toBe("weight-shape");
  expect(context.details).toMatchObject({ path, found: 100, expected: 192 });
  const adm = refusal(changed({ [`${unet}label_emb.0.0.weight`]: [128, 1000] }));
  expect(adm.message).toContain("the ADM width (label_emb.0.0.weight) is 1000, it should be 1664");
  const wide = changed({
    "first_stage_model.post_quant_conv.weight": [16, 16, 1, 1],
    "first_stage_model.post_quant_conv.bias": [16],
    "first_stage_model.decoder.conv_in.weight": [128, 16, 3, 3],
    "first_stage_model.quant_conv.weight": [32, 32, 1, 1],
    "first_stage_model.quant_conv.bias": [32],
    "first_stage_model.encoder.conv_out.weight": [32, 128, 3, 3],
    "first_stage_model.encoder.conv_out.bias": [32],
  });
  expect(refusal(wide).message).toContain("its VAE has 16 latent channels, SDXL's has 4");
});

test("a tensor that a network needs is named where it is missing, whichever it is", () => {
  const optional = /logit_scale$/;
  // Every fourth: no period of the layout is one of four, so that all kinds of tensors come up.
  const names = [...sdxlShapes(sdxlTiny).keys()].filter((key, i) => i % 4 === 1 && !optional.test(key));
  for (const key of names) {
    const error = refusal(changed({ [key]: null }));
    expect([key, error.code]).toEqual([key, "weight-missing"]);
    expect(error.message).toStartWith("some.safetensors is incomplete: its ");
    if (!key.endsWith("text_projection")) expect(error.details["key"]).toBe(key);
  }
}, 60_000);

test("a tensor of another shape, or of whole numbers, is named whichever it is", () => {
  const fitted = /logit_scale$/;
  for (const [i, [key, shape]] of [...sdxlShapes(sdxlTiny)].entries()) {
    if (i % 4 !== 2 || fitted.test(key)) continue;
    const error = refusal(changed({ [key]: [...shape, 7] }));
    expect([key, error.code]).toEqual([key, "weight-shape"]);
  }
  const file = headerOf(sdxlShapes(sdxlTiny), path);
  const key = `${unet}middle_block.1.proj_in.weight`;
  const tensors = new Map(file.tensors);
  const ref = tensors.get(key);
  if (ref !== undefined) tensors.set(key, { ...ref, dtype: "I8" });
  expect(() => sdxlCheckpoint({ ...file, tensors })).toThrow(
    "is stored as I8, a quantisation that is not read",
  );
}, 60_000);

test("widths that make no whole heads are refused", () => {
  const narrow = sdxlShapes({
    ...sdxlTiny,
    textL: { width: 96, layers: 2 },
    textG: { width: 96, layers: 2 },
  });
  expect(refusal(narrow).message).toContain("q_proj.weight has 96 rows, which are no heads of 64");
});

test("missing tensors are counted and the first three named", () => {
  const without = [...sdxlShapes(sdxlTiny)].filter(([key]) => !/middle_block\..*\.bias$/.test(key));
  expect(refusal(without).message).toMatch(
    /^some\.safetensors is incomplete: its UNet lacks \d\d tensors \(model\.diffusion_model\.middle_block\.0\.in_layers\.0\.bias, .*, .* \.\.\.\)\. Get the file again\.$/,
  );
});

test("a whole block that is missing is missed, where the others tell that it should be there", () => {
  const absent = (prefix: string) =>
    refusal([...sdxlShapes(sdxlTiny)].filter(([key]) => !key.startsWith(unet + prefix)));
  for (const prefix of [
    "output_blocks.8.",
    "input_blocks.8.",
    "input_blocks.3.",
    "input_blocks.7.1.",
    "input_blocks.7.1.transformer_blocks.1.",
    "output_blocks.2.2.",
    "middle_block.2.",
  ])
    expect([prefix, absent(prefix).code]).toEqual([prefix, "weight-missing"]);
});

test("Stability's base lacks what other depths may: a layer, a block, the middle", () => {
  const shapes = [...sdxlShapes(sdxlBase)];
  const absent = (part: string) => refusal(shapes.filter(([key]) => !key.includes(part)));
  for (const part of [
    "0.transformer.text_model.encoder.layers.11.",
    "1.model.transformer.resblocks.31.",
    "middle_block.",
    "output_blocks.0.1.transformer_blocks.9.",
    "output_blocks.1.1.",
    "transformer_blocks.9.",
  ])
    expect([part, part === "transformer_blocks.9." ? "weight-missing" : absent(part).code]).toEqual([
      part,
      "weight-missing",
    ]);
});

test("distilled models are whole in their own way: other depths, no middle or less of one", () => {
  const read = (shapes: Iterable<readonly [string, readonly number[]]>): number =>
    sdxlCheckpoint(headerOf(new Map(shapes), path)).unet.size;
  const segmind = sdxlShapes({ ...sdxlBase, unet: { ...sdxlBase.unet, depths: [0, 2, 4] } });
  expect(read([...segmind].filter(([key]) => !/middle_block\.[12]\./.test(key)))).toBeGreaterThan(800);
  expect(read([...segmind].filter(([key]) => !key.includes("middle_block.")))).toBeGreaterThan(800);
});

test("a checkpoint without a VAE, or with a decoder alone, is read", () => {
  const has = (pattern: RegExp) =>
    sdxlCheckpoint(headerOf(new Map([...sdxlShapes(sdxlTiny)].filter(([key]) => !pattern.test(key))), path))
      .vae.size;
  expect(has(/^first_stage_model\./)).toBe(0);
  expect(has(/^first_stage_model\.(encoder|quant_conv)\./)).toBeGreaterThan(100);
});

for (const [key, meaning] of [
  ["time_embed.cond_proj.weight", "guidance as an input"],
  ["input_blocks.4.1.time_stack.0.norm1.weight", "a video model's layers"],
  ["input_blocks.4.1.proj_in.lora_down.weight", "LoRA factors that were never merged"],
  ["input_blocks.4.1.transformer_blocks.0.attn2.to_k_ip.weight", "image-prompt adapter"],
  ["something.else.weight", "of another architecture"],
] as const) {
  test(`a UNet with ${key} is not drawn without it`, () => {
    const error = refusal(changed({ [unet + key]: [8] }));
    expect(error.code).toBe("layout-unsupported");
    expect(error.message).toContain(meaning);
    expect(error.message).toContain(unet + key);
  });
}

test("an encoder's and a VAE's unknown layers are refused, what is beside them is told", () => {
  const layer = "conditioner.embedders.0.transformer.text_model.encoder.layers.0.adapter.weight";
  expect(refusal(changed({ [layer]: [8] })).message).toContain("its text encoder L has the tensor");
  const attention = "first_stage_model.decoder.up.0.attn.0.q.weight";
  expect(refusal(changed({ [attention]: [8] })).message).toContain("its VAE has the tensor");
  expect(refusal(changed({ "lora_unet_mid.lora_up.weight": [8] })).message).toBe(
    "some.safetensors has the tensor lora_unet_mid.lora_up.weight: LoRA factors that were never merged; take the model without them, and the LoRA from the loras folder.",
  );
  expect(sdxlCheckpoint(headerOf(changed({ betas: [1000], "model_ema.a": [8] }), path)).notes).toEqual([]);
  expect(sdxlCheckpoint(headerOf(changed({ "other.weight": [8] }), path)).notes).toEqual([
    "some.safetensors has the tensor other.weight that nothing here uses.",
  ]);
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
  const key = "transformer.resblocks.0.attn.in_proj_weight";
  const { tensors } = headerOf(new Map([[key, [383, 128]]]), path);
  expect(() => renameOpenClip(tensors)).toThrow("must be a multiple of 3, not 383");
});
