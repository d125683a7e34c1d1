import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { mergeBranches } from "#/weights/lora/lora.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { headerOf, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";
import { writeZeros } from "../../support/write-safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "lora-"));
afterAll(() => rmSync(folder, { recursive: true }));

const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sdxlTiny), "/models/tiny.safetensors"));

const path = join(folder, "some.safetensors");
const read = (shapes: Readonly<Record<string, readonly number[]>>) =>
  readLora(writeZeros(path, shapes), checkpoint, 0);

const projection = "lora_unet_input_blocks_4_1_proj_in"; // [64, 64]
const pair = (name: string, input = 64, output = input, rank = 4) => ({
  [`${name}.lora_down.weight`]: [rank, input],
  [`${name}.lora_up.weight`]: [output, rank],
});

/** What readLora throws, as the error it must be. */
function refusal(shapes: Readonly<Record<string, readonly number[]>>): ModelError {
  try {
    read(shapes);
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown;
  }
  throw new Error("it was not refused as a model");
}

/** The other families' own tensors beside an ordinary pair. */
const families = {
  LoHa: `${projection}.hada_w1_a`,
  "LoKr, whole": `${projection}.lokr_w1`,
  "LoKr, factorised": `${projection}.lokr_w1_a`,
  DoRA: `${projection}.dora_scale`,
  GLoRA: `${projection}.a1.weight`,
  OFT: `${projection}.oft_blocks`,
  IA3: `${projection}.on_input`,
  "LoCon with a Tucker core": `${projection}.lora_mid.weight`,
  "full-difference": `${projection}.diff`,
} as const;

for (const [name, key] of Object.entries(families)) {
  test(`${name} is refused by its name, with the file and the tensor`, () => {
    const error = refusal({ ...pair(projection), [key]: [4, 4] });
    expect(error.code).toBe("lora-unsupported");
    expect(error.message).toBe(
      `${path} cannot be used as a LoRA: it is a ${name.replace(/, .*/, "")} file (${key}); only LoRA and LoCon are supported yet.`,
    );
    expect(error.details).toEqual({ path, key });
  });
}

test("a file without factors is refused", () => {
  expect(refusal({ "some.weight": [4, 4] }).message).toContain("it holds no LoRA factors");
});

test("a factor without its other half is refused: the file is damaged", () => {
  const error = refusal({
    ...pair(projection),
    "lora_unet_middle_block_1_proj_in.lora_down.weight": [4, 128],
  });
  expect(error.message).toContain("lora_unet_middle_block_1_proj_in.lora_down.weight has no other half");
  expect(error.details).toEqual({ path, key: "lora_unet_middle_block_1_proj_in.lora_down.weight" });
});

test("shapes that do not fit are refused with all three shapes", () => {
  for (const shapes of [
    pair(projection, 48, 64),
    pair(projection, 64, 48),
    { [`${projection}.lora_down.weight`]: [4, 64], [`${projection}.lora_up.weight`]: [64, 8] },
    pair("lora_unet_input_blocks_3_0_op", 32), // a 3 x 3 kernel cannot come from a matrix
    {
      "lora_unet_input_blocks_3_0_op.lora_down.weight": [4, 32, 1, 1],
      "lora_unet_input_blocks_3_0_op.lora_up.weight": [32, 4, 1, 1],
    },
  ]) {
    const error = refusal(shapes);
    expect(error.message).toMatch(
      /lora_down\.weight does not fit the checkpoint \(down \[.*\], up \[.*\], weight \[.*\]\)/,
    );
    expect(error.details["key"]).toEndWith(".lora_down.weight");
  }
});

test("a file of which most modules are unknown was made for another model", () => {
  const strangers = ["lora_unet_a", "lora_unet_b", "lora_te3_c"].flatMap((name) =>
    Object.entries(pair(name)),
  );
  const error = refusal({ ...pair(projection), ...Object.fromEntries(strangers) });
  expect(error.message).toContain("only 1 of its 4 modules exist in tiny.safetensors");
  expect(error.message).toContain("lora_unet_a.lora_down.weight");
});

test("a few unknown modules are told, not refused", () => {
  const { unet, notes } = read({ ...pair(projection), ...pair("lora_unet_a"), "odd.alpha": [] });
  expect([...unet.keys()]).toEqual(["input_blocks.4.1.proj_in"]);
  expect(notes).toEqual([
    "1 tensors of some.safetensors are not used, lora_unet_a.lora_down.weight for example.",
  ]);
});

const spellings = {
  "kohya's, of the checkpoint's names": [
    "lora_unet_middle_block_1_proj_in",
    ".lora_down.weight",
    ".lora_up.weight",
  ],
  "kohya's, of diffusers' names": [
    "lora_unet_mid_block_attentions_0_proj_in",
    ".lora_down.weight",
    ".lora_up.weight",
  ],
  "diffusers' own": ["unet.mid_block.attentions.0.proj_in", ".lora_A.weight", ".lora_B.weight"],
  "diffusers' older": ["mid_block.attentions.0.proj_in", "_lora.down.weight", "_lora.up.weight"],
  "diffusers' linear layers": [
    "mid_block.attentions.0.proj_in",
    ".lora_linear_layer.down.weight",
    ".lora_linear_layer.up.weight",
  ],
  "the network's own": ["diffusion_model.middle_block.1.proj_in", ".lora_down.weight", ".lora_up.weight"],
} as const;

for (const [whose, [name, down, up]] of Object.entries(spellings)) {
  test(`modules are found under ${whose}`, () => {
    const { unet } = read({ [name + down]: [4, 128], [name + up]: [128, 4] });
    expect([...unet.keys()]).toEqual(["middle_block.1.proj_in"]);
  });
}

test("text encoders under both of L's prefixes and G's", () => {
  const module = "encoder.layers.1.mlp.fc1";
  for (const prefix of ["lora_te1_text_model_", "lora_te_text_model_"]) {
    const { textL, textG } = read(pair(prefix + module.replaceAll(".", "_"), 64, 256));
    expect([[...textL.keys()], textG.size]).toEqual([[module], 0]);
  }
  const { textG } = read(pair("lora_te2_text_model_encoder_layers_1_self_attn_k_proj", 128));
  expect([...textG.keys()]).toEqual(["encoder.layers.1.self_attn.k_proj"]); // a third of OpenCLIP's fused weight
});

test("alpha divides by the rank; without it the scale is 1", () => {
  expect(read(pair(projection)).unet.get("input_blocks.4.1.proj_in")?.[0]?.scale).toBe(1);
  const withAlpha = read({ ...pair(projection), [`${projection}.alpha`]: [] });
  expect(withAlpha.unet.get("input_blocks.4.1.proj_in")?.[0]?.scale).toBe(0); // the file holds zeros
});

test("branches of several files meet on a module in order", () => {
  const first = read(pair(projection)).unet;
  const second = readLora(writeZeros(path, pair(projection)), checkpoint, 1).unet;
  const merged = mergeBranches([first, second]).get("input_blocks.4.1.proj_in");
  expect(merged?.map(({ index }) => index)).toEqual([0, 1]);
});
