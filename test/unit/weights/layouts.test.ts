import { expect, test } from "bun:test";
import { renameOpenClip } from "#/weights/layouts/open-clip.ts";
import { changed, refusal, somePath } from "../../support/refused-checkpoint.ts";
import { headerOf, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

const unet = "model.diffusion_model.";
const early = `${unet}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight`;
const later = `${unet}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight`;

const only = "only SDXL models are drawn here";
const unread = "no such file is read here";

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
  ["a Control-LoRA (put it into the controlnet folder)", "lora_controlnet", [0]],
  [`a ControlNet-LLLite (${unread})`, "lllite_unet_mid_block_1.depth.0.weight", [8, 8]],
  [`a T2I-Adapter (${unread})`, "adapter.body.0.resnets.0.block1.weight", [8, 8, 3, 3]],
  [`a T2I-Adapter (${unread})`, "body.0.in_conv.weight", [8, 8, 1, 1]],
  [`a T2I-Adapter (${unread})`, "body.0.block1.weight", [8, 8, 3, 3]],
  [
    `a ControlNet-Union, one file for many kinds of pictures (${unread})`,
    "control_add_embedding.linear_1.weight",
    [8, 8],
  ],
  [`a ControlNet of another architecture (${only})`, "controlnet_blocks.0.weight", [8, 8]],
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
    expect(error.details).toEqual({ path: somePath, found: family });
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

test("an inpainting model and other channel counts are named", () => {
  const key = `${unet}input_blocks.0.0.weight`;
  expect(refusal(changed({ [key]: [32, 9, 3, 3] })).message).toContain(
    "an inpainting model (9 input channels)",
  );
  expect(refusal(changed({ [key]: [32, 5, 3, 3] })).message).toContain("a model with 5 input channels");
});

test("OpenCLIP's fused projection is three tensors of the same bytes", () => {
  const key = "transformer.resblocks.0.attn.in_proj_weight";
  const { tensors } = headerOf(new Map([[key, [12, 4]]]), somePath);
  const scaled = new Map([...tensors].map(([name, ref]) => [name, { ...ref, scale: 0.5 }]));
  expect([...renameOpenClip(scaled).values()].map(({ scale }) => scale)).toEqual([0.5, 0.5, 0.5]);
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
  const { tensors } = headerOf(new Map([[key, [383, 128]]]), somePath);
  expect(() => renameOpenClip(tensors)).toThrow("must be a multiple of 3, not 383");
});
