import { expect, test } from "bun:test";
import fc from "fast-check";
import { ModelError } from "#/lib/errors.ts";
import { diffusersName } from "#/weights/layouts/diffusers-names.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { changed, refusal, somePath } from "../../support/refused-checkpoint.ts";
import { headerOf, sdxlBase, sdxlShapes, sdxlTiny, ssd1b, vega } from "../../support/sdxl-layout.ts";

const unet = "model.diffusion_model.";

test("parts whose widths disagree are refused with both numbers", () => {
  const narrow: Record<string, readonly number[]> = {};
  for (const [key, shape] of sdxlShapes(sdxlTiny))
    if (/attn2\.to_[kv]\.weight$/.test(key)) narrow[key] = [shape[0] ?? 0, 100];
  const context = refusal(changed(narrow));
  expect(context.code).toBe("weight-shape");
  expect(context.details).toMatchObject({ path: somePath, found: 100, expected: 192 });
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
  const file = headerOf(sdxlShapes(sdxlTiny), somePath);
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
  for (const part of [
    "0.transformer.text_model.encoder.layers.11.",
    "1.model.transformer.resblocks.31.",
    "middle_block.",
    "output_blocks.0.1.transformer_blocks.9.",
    "output_blocks.1.1.",
  ]) {
    const { code } = refusal(shapes.filter(([key]) => !key.includes(part)));
    expect([part, code]).toEqual([part, "weight-missing"]);
  }
});

test("distilled models are whole in their own way: other depths, no middle or less of one", () => {
  const read = (shapes: Iterable<readonly [string, readonly number[]]>): number =>
    sdxlCheckpoint(headerOf(new Map(shapes), somePath)).unet.size;
  const segmind = sdxlShapes({ ...sdxlBase, unet: { ...sdxlBase.unet, depths: [0, 2, 4] } });
  expect(read([...segmind].filter(([key]) => !/middle_block\.[12]\./.test(key)))).toBeGreaterThan(800);
  const without = (pattern: RegExp) => [...segmind].filter(([key]) => !pattern.test(key));
  expect(read(without(/middle_block\./))).toBeGreaterThan(800);
  expect(
    read(without(/middle_block\.[12]\.|output_blocks\.[45]\.1\.transformer_blocks\.1\./)),
  ).toBeGreaterThan(700);
});

for (const [name, sizes, tensors, parameters] of [
  ["SSD-1B", ssd1b, 944, 1_331_334_404],
  ["Vega", vega, 564, 745_225_604],
  ["Stability's base", sdxlBase, 1680, 2_567_463_684],
] as const) {
  test(`${name} in its full size is read from its header, and every module has its place in diffusers' names`, () => {
    const { unet: found } = sdxlCheckpoint(headerOf(sdxlShapes(sizes), somePath));
    expect(found.size).toBe(tensors);
    const count = [...found.values()].reduce((sum, { shape }) => sum + shape.reduce((n, m) => n * m, 1), 0);
    expect(count).toBe(parameters);
    const modules = [...new Set([...found.keys()].map((key) => key.replace(/\.(weight|bias)$/, "")))];
    const names = modules.map((module) => diffusersName(module, found));
    expect(names).not.toContain(undefined);
    expect(new Set(names).size).toBe(modules.length);
    const last = "transformer_blocks.9.attn1.to_q";
    expect(names.includes(`up_blocks.0.attentions.2.${last}`)).toBe(name !== "Vega");
    expect(names.includes(`up_blocks.0.attentions.1.${last}`)).toBe(name === "Stability's base");
    expect(names.includes("mid_block.resnets.1.conv1")).toBe(name === "Stability's base");
  });
}

test("no header makes it hang or throw anything but an error that names the file", () => {
  const names = [...sdxlShapes(sdxlTiny).keys()];
  const odd = fc.constantFrom(
    `${unet}input_blocks.99.0.op.weight`,
    `${unet}input_blocks.1.1.transformer_blocks.99.norm1.weight`,
    `${unet}output_blocks.12345678.0.in_layers.0.weight`,
    "first_stage_model.decoder.up.0.block.99.conv2.weight",
    "conditioner.embedders.1.model.transformer.resblocks.99.ln_1.weight",
    "\u0000\n\u001b[31m",
    "a.scale_weight",
  );
  const shape = fc.array(fc.nat(2 ** 20), { maxLength: 5 });
  const change = fc.tuple(fc.oneof(fc.constantFrom(...names), odd, fc.string()), fc.option(shape));
  const property = fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
    try {
      sdxlCheckpoint(headerOf(changed(Object.fromEntries(changes)), somePath));
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      expect(thrown.message).toStartWith("some.safetensors");
      expect(thrown.message).toMatch(/^[ -~]{1,900}$/);
    }
  });
  fc.assert(property, { numRuns: 300 });
}, 60_000);

test("a checkpoint without a VAE, or with a decoder alone, is read", () => {
  const has = (pattern: RegExp) =>
    sdxlCheckpoint(
      headerOf(new Map([...sdxlShapes(sdxlTiny)].filter(([key]) => !pattern.test(key))), somePath),
    ).vae.size;
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
  const left: Record<string, readonly number[]> = {
    betas: [1000],
    "model_ema.a": [8],
    "denoiser.sigmas": [1000],
  };
  for (const key of [
    "0.transformer.text_model.embeddings.position_ids",
    "0.transformer.text_projection.weight",
    "0.transformer.logit_scale",
    "1.model.attn_mask",
    "1.model.transformer.text_model.embeddings.position_ids",
    "1.model.visual.proj",
  ])
    left[`conditioner.embedders.${key}`] = [1, 77];
  expect(sdxlCheckpoint(headerOf(changed(left), somePath)).notes).toEqual([]);
  expect(sdxlCheckpoint(headerOf(changed({ "other.weight": [8] }), somePath)).notes).toEqual([
    "some.safetensors has the tensor other.weight that nothing here uses.",
  ]);
});
