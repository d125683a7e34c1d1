import { afterAll, expect, test } from "bun:test";
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { mergeBranches } from "#/weights/lora/lora.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { isUnchanged, stampOf } from "#/weights/stamp.ts";
import { headerOf, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";
import { writeZeros } from "../../support/write-safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "lora-"));
afterAll(() => rmSync(folder, { recursive: true }));

const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sdxlTiny), "/models/tiny.safetensors"));

const path = join(folder, "some.safetensors");
const read = (shapes: Readonly<Record<string, readonly number[]>>) =>
  readLora(writeOnes(path, shapes), checkpoint, 0);

/** Names and shapes with the same number everywhere, about 1.06 in float16: a file of zeros is a broken download. */
function writeOnes(target: string, shapes: Readonly<Record<string, readonly number[]>>): string {
  writeZeros(target, shapes);
  const bytes = readFileSync(target);
  bytes.fill(0x3c, 8 + Number(bytes.readBigUInt64LE(0)));
  writeFileSync(target, bytes);
  return target;
}

const projection = "lora_unet_input_blocks_4_1_proj_in"; // [64, 64]
const pair = (name: string, input = 64, output = input, rank = 4) => ({
  [`${name}.lora_down.weight`]: [rank, input],
  [`${name}.lora_up.weight`]: [output, rank],
});

const onesAlpha = 1.05859375; // 0x3c3c in float16

/** What readLora throws, as the error it must be. */
function refusal(shapes: Readonly<Record<string, readonly number[]>>): ModelError {
  try {
    read(shapes);
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown;
  }
  throw new Error("it was not refused as a model");
}

/** Tensors of families that are not read, beside an ordinary pair. */
const families = {
  KaSA: `${projection}.lora_diag`,
  AdaLoRA: `${projection}.lora_E`,
  VeRA: `${projection}.vera_lambda_b`,
  "T-LoRA": `${projection}.lambda_layer`,
  "replaced-weight": `${projection}.set_weight`,
} as const;

for (const [name, key] of Object.entries(families)) {
  test(`${name} is refused by its name, with the file and the tensor`, () => {
    const error = refusal({ ...pair(projection), [key]: [4, 4] });
    expect(error.code).toBe("lora-unsupported");
    expect(error.message).toBe(
      `some.safetensors cannot be used as a LoRA: its family is ${name} (${key}), which is not supported yet.`,
    );
    expect(error.details).toEqual({ path, key });
  });
}

/** What a module cannot have: tensors of it, and what the sentence says. */
const impossible: readonly (readonly [Readonly<Record<string, readonly number[]>>, string])[] = [
  [{ ...pair(projection), [`${projection}.hada_w1_a`]: [64, 4] }, "holds two families of"],
  [{ [`${projection}.boft_R`]: [1, 16, 4, 4] }, "stands without its boft_s"],
  [
    { [`${projection}.boft_R`]: [1, 15, 4, 4], [`${projection}.boft_s`]: [64, 1] },
    "which makes no groups of an even number of 64 inputs",
  ],
  [
    { [`${projection}.boft_R`]: [6, 16, 4, 4], [`${projection}.boft_s`]: [64, 1] },
    "which makes no groups of an even number of 64 inputs",
  ],
  [{ [`${projection}.hada_w1_a`]: [64, 4] }, "hada_w1_a stands without its hada_w1_b"],
  [
    {
      [`${projection}.hada_w1_a`]: [64, 4],
      [`${projection}.hada_w1_b`]: [4, 48],
      [`${projection}.hada_w2_a`]: [64, 4],
      [`${projection}.hada_w2_b`]: [4, 64],
    },
    "hada_w1_b does not fit the checkpoint ([4, 48], weight [64, 64])",
  ],
  [
    { [`${projection}.lokr_w1`]: [8, 8], [`${projection}.lokr_w2`]: [8, 4] },
    "lokr_w2 does not fit the checkpoint ([8, 4], weight [64, 64])",
  ],
  [{ [`${projection}.lokr_w1`]: [8, 8] }, "lokr_w1 stands without its lokr_w2_a"],
  [{ [`${projection}.diff`]: [64, 48] }, "diff does not fit the checkpoint ([64, 48], weight [64, 64])"],
  [
    { "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.diff_b": [64] },
    "diff_b changes a bias that input_blocks.4.1.transformer_blocks.0.attn1.to_q has not",
  ],
  [{ ...pair(projection), [`${projection}.dora_scale`]: [48, 1] }, "dora_scale does not fit the checkpoint"],
  [
    {
      [`${projection}.a1.weight`]: [64, 4],
      [`${projection}.a2.weight`]: [4, 64],
      [`${projection}.b1.weight`]: [64, 4],
      [`${projection}.b2.weight`]: [4, 64],
      [`${projection}.dora_scale`]: [64, 1],
    },
    "dora_scale gives magnitudes to a family that has none",
  ],
  [
    { ...pair(projection), "lora_te1_text_model_embeddings_token_embedding.diff": [64, 64] },
    "changes a table of embeddings (lora_te1_text_model_embeddings_token_embedding.diff)",
  ],
  [
    {
      "lora_unet_down_blocks_1_resnets_0_norm2.lokr_w1": [8, 1],
      "lora_unet_down_blocks_1_resnets_0_norm2.lokr_w2": [8, 1],
    },
    "lokr_w1 does not fit the checkpoint ([8, 1], weight [64])",
  ],
  [{ [`${projection}.on_input`]: [] }, "on_input stands without its weight"],
  [{ [`${projection}.oft_blocks`]: [4, 8, 8] }, "[4, 8, 8], which makes no groups of 64 rows"],
  [{ [`${projection}.oft_blocks`]: [6, 8, 8, 8] }, "[6, 8, 8, 8], which makes no groups of 64 rows"],
  [{ [`${projection}.oft_blocks`]: [8, 8] }, "should have three axes, or four"],
  [{ "input_blocks.4.1.proj_in.oft_R.weight": [4, 28] }, "[4, 28], which makes no groups of 64 inputs"],
  [{ ...pair(projection), [`${projection}.lora_mid.weight`]: [3, 4] }, "does not fit the checkpoint"],
  [{ ...pair(projection), [`${projection}.lora_B.bias`]: [48] }, "lora_B.bias does not fit a bias"],
];

for (const [shapes, words] of impossible)
  test(`refused: ${words}`, () => {
    const error = refusal(shapes);
    expect(error.code).toBe("lora-unsupported");
    expect(error.message).toContain(words);
  });

test("a difference may stand beside factors", () => {
  const { unet, changes } = read({ ...pair(projection), [`${projection}.diff_b`]: [64] });
  expect([...unet.keys()]).toEqual(["input_blocks.4.1.proj_in"]);
  expect([...changes.unet].map(([tensor, list]) => [tensor, list.map(({ form }) => form)])).toEqual([
    ["input_blocks.4.1.proj_in.bias", ["whole"]],
  ]);
});

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
  expect(error.message).toContain("(not: lora_unet_a, lora_unet_b, lora_te3_c)");
});

test("a few unknown modules are told, not refused", () => {
  const other = "lora_unet_middle_block_1_proj_in";
  const { unet, notes } = read({
    ...pair(projection),
    ...pair(other, 128),
    ...pair("lora_unet_a"),
    "odd.alpha": [],
  });
  expect([...unet.keys()]).toEqual(["input_blocks.4.1.proj_in", "middle_block.1.proj_in"]);
  expect(notes).toEqual([
    "2 of the 4 modules of some.safetensors are not used: tiny.safetensors has none of such names (lora_unet_a).",
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
  expect(withAlpha.unet.get("input_blocks.4.1.proj_in")?.[0]?.scale).toBe(onesAlpha / 4);
});

test("branches of several files meet on a module in order", () => {
  const first = read(pair(projection)).unet;
  const second = readLora(writeOnes(path, pair(projection)), checkpoint, 1).unet;
  const merged = mergeBranches([first, second]).get("input_blocks.4.1.proj_in");
  expect(merged?.map(({ index }) => index)).toEqual([0, 1]);
});

/** A file with a header's metadata, of bytes that are not zero. */
function readWith(
  metadata: Readonly<Record<string, string>>,
  shapes: Readonly<Record<string, readonly number[]>>,
): ReturnType<typeof readLora> {
  const plain = readFileSync(writeOnes(path, shapes));
  const length = Number(plain.readBigUInt64LE(0));
  const header: unknown = JSON.parse(plain.subarray(8, 8 + length).toString());
  const text = Buffer.from(JSON.stringify(Object.assign({ __metadata__: metadata }, header)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([size, text, plain.subarray(8 + length)]));
  return readLora(path, checkpoint, 0);
}

const peft = (name: string, input: number, rank = 4, output = input) => ({
  [`${name}.lora_A.weight`]: [rank, input],
  [`${name}.lora_B.weight`]: [output, rank],
});
const adapter = (facts: object) => ({ lora_adapter_metadata: JSON.stringify(facts) });
const inUnet = "unet.mid_block.attentions.0.proj_in";
const scaleIn = (facts: object): number | undefined =>
  readWith(adapter(facts), peft(inUnet, 128)).unet.get("middle_block.1.proj_in")?.[0]?.scale;

test("a part's scale is what PEFT was configured to", () => {
  expect(scaleIn({ "unet.r": 4, "unet.lora_alpha": 8 })).toBe(2);
  expect(scaleIn({ r: 4, lora_alpha: 8 })).toBe(2); // the UNet's own file has no prefixes
  expect(scaleIn({ "unet.r": 4, "unet.lora_alpha": 8, "unet.use_rslora": true })).toBe(4);
  expect(scaleIn({ "unet.r": 16, "unet.lora_alpha": 8, "unet.rank_pattern": { proj_in: 4 } })).toBe(2);
  expect(scaleIn({ "unet.r": 4, "unet.alpha_pattern": { "^proj_in": 1, "attentions.0.proj_in": 2 } })).toBe(
    0.5,
  );
});

test("a part that the metadata is silent about is told", () => {
  const both = { ...peft(inUnet, 128), ...peft("text_encoder.encoder.layers.0.self_attn.q_proj", 64) };
  const { textL, notes } = readWith(adapter({ "unet.r": 4, "unet.lora_alpha": 8 }), both);
  expect(textL.get("encoder.layers.0.self_attn.q_proj")?.[0]?.scale).toBe(1);
  expect(notes).toEqual([
    "some.safetensors has metadata that says nothing of text_encoder.encoder.layers.0.self_attn.q_proj and its like; alpha is taken to be the rank.",
  ]);
});

const told = (facts: unknown): string => {
  try {
    readWith({ lora_adapter_metadata: JSON.stringify(facts) }, peft(inUnet, 128));
  } catch (thrown) {
    if (thrown instanceof ModelError && thrown.code === "lora-unsupported") return thrown.message;
    throw thrown;
  }
  throw new Error("it was not refused");
};

test("metadata that means nothing, or something else than a LoRA, is refused in a sentence", () => {
  expect(told([])).toContain("is not a JSON object");
  expect(told({ "unet.r": "four" })).toContain("r in its lora_adapter_metadata is not a number");
  expect(told({ "unet.r": 4, "unet.use_rslora": "true" })).toContain(
    "use_rslora in its lora_adapter_metadata is neither true nor false",
  );
  expect(told({ "unet.r": 4, "unet.rank_pattern": 3 })).toContain(
    "rank_pattern in its lora_adapter_metadata",
  );
  expect(told({ "unet.r": 4, "unet.rank_pattern": { "(?=x)": 3 } })).toContain(
    "has the pattern (?=x), which is not",
  );
  expect(told({ "unet.r": 4, "unet.use_dora": true })).toContain("its metadata says DoRA (use_dora), but");
  expect(told({ "unet.r": 4, "unet.peft_type": "VERA" })).toContain("says that it is a VERA adapter");
  expect(told({ "unet.r": 4, "unet.use_cayley_neumann": false })).toContain("asks for another series");
  for (const start of ["pissa_niter_16", "OLoRA", "corda", "loftq", "lora_ga", "something-new"]) {
    expect(told({ "unet.r": 4, "unet.init_lora_weights": start })).toContain(`was started with ${start}`);
  }
  for (const start of [true, false, null, "gaussian", "eva", "orthogonal", "mica"]) {
    expect(scaleIn({ "unet.r": 4, "unet.lora_alpha": 4, "unet.init_lora_weights": start })).toBe(1);
  }
});

test("PEFT's own file is read with the adapter_config.json beside it", () => {
  const own = join(folder, "adapter_model.safetensors");
  writeOnes(own, peft("base_model.model.mid_block.attentions.0.proj_in", 128));
  const before = readLora(own, checkpoint, 0);
  expect(before.notes.join()).toContain("its alpha is not known; it is taken to be the rank");
  const config = join(realpathSync(folder), "adapter_config.json");
  writeFileSync(config, JSON.stringify({ peft_type: "LORA", r: 4, lora_alpha: 8 }));
  const after = readLora(own, checkpoint, 0);
  expect([after.unet.get("middle_block.1.proj_in")?.[0]?.scale, after.notes]).toEqual([2, []]);
  // Or a session with the other scale would be taken for it.
  expect(after.files).toEqual([...before.files, { path: config, stamp: stampOf(statSync(config)) }]);
  expect(after.files.every(isUnchanged)).toBe(true); // or it would seem to be replaced while it is read
  const bin = join(folder, "adapter_model.bin");
  copyFileSync(own, bin);
  expect(readLora(bin, checkpoint, 0).unet.get("middle_block.1.proj_in")?.[0]?.scale).toBe(2);
  writeFileSync(join(folder, "adapter_config.json"), "<html>");
  expect(() => readLora(own, checkpoint, 0)).toThrow(
    "the adapter_config.json beside it is not a JSON object",
  );
});

test("one module under two names, and two adapters in one file, are refused", () => {
  const twice = {
    ...pair("lora_unet_middle_block_1_proj_in", 128),
    ...pair("lora_unet_mid_block_attentions_0_proj_in", 128),
  };
  expect(refusal(twice).message).toContain("it holds one module twice");
  const stem = "base_model.model.mid_block.attentions.0.proj_in";
  const both = { [`${stem}.lora_A.a.weight`]: [4, 128], [`${stem}.lora_B.b.weight`]: [128, 4] };
  expect(refusal(both).message).toContain("parts of two adapters");
  const second = { [`${stem}.lora_A.a.weight`]: [4, 128], [`${stem}.lora_A.b.weight`]: [4, 128] };
  expect(refusal(second).message).toContain("twice");
  const apart = { ...pair("lora_unet_middle_block_1_proj_in", 128), [`${stem}.alpha`]: [] };
  expect(refusal(apart).message).toContain(
    `the factors of one module are called lora_unet_middle_block_1_proj_in, its alpha ${stem}`,
  );
});

test("what is wrong is said as it is: a rank of 0, a part that nobody knows, a whole weight", () => {
  const stem = "lora_unet_middle_block_1_proj_in";
  expect(refusal(pair(stem, 128, 128, 0)).message).toContain(`${stem}.lora_down.weight has no rows`);
  expect(refusal({ [`${stem}.LoRA_A.weight`]: [4, 128] }).message).toContain(
    `has a part that is not known here (${stem}.LoRA_A.weight)`,
  );
  expect(refusal({ [`${stem}.weight`]: [128, 128] }).message).toContain(
    `it replaces weights (${stem}.weight)`,
  );
});

test("factors get as many axes as their weight", () => {
  const kernel = "lora_unet_input_blocks_3_0_op"; // [32, 32, 3, 3]
  const shapes = { [`${kernel}.lora_down.weight`]: [4, 288], [`${kernel}.lora_up.weight`]: [32, 4] };
  const branch = read(shapes).unet.get("input_blocks.3.0.op")?.[0];
  expect([branch?.down.shape, branch?.up.shape]).toEqual([
    [4, 32, 3, 3],
    [32, 4, 1, 1],
  ]);
  const wide = {
    [`${projection}.lora_down.weight`]: [4, 64, 3, 3],
    [`${projection}.lora_up.weight`]: [64, 4],
  };
  expect(refusal(wide).message).toContain("does not fit the checkpoint");
});

test("factors of whole numbers are refused: they are quantised", () => {
  const integers = writeZeros(path, pair(projection), "I8");
  expect(() => readLora(integers, checkpoint, 0)).toThrow("is of type I8, which no factor has");
});

test("metadata names the base of a text encoder's LoRA, and says nothing where it is not known", () => {
  const text = pair("lora_te1_text_model_encoder_layers_1_self_attn_q_proj", 64);
  for (const [said, base] of [
    ["sd_v1", "Stable Diffusion 1.x"],
    ["sd_2.1", "Stable Diffusion 2.x"],
    ["sd3-medium", "Stable Diffusion 3"],
    ["flux1", "Flux"],
  ] as const) {
    expect(() => readWith({ ss_base_model_version: said }, text)).toThrow(`it was made for ${base}`);
  }
  for (const said of ["sdxl_base_v1-0", "sdxl_1.0", "someone's own"]) {
    expect(readWith({ ss_base_model_version: said }, text).textL.size).toBe(1);
  }
});

test("metadata that names another model whose UNet is the same is told, since nothing else tells them apart", () => {
  expect(readWith({ "modelspec.architecture": "kolors/lora" }, peft(inUnet, 128)).notes).toContain(
    "some.safetensors says that it was made for Kolors (modelspec.architecture); its modules are in tiny.safetensors, so it is used.",
  );
  expect(
    readWith(
      { "modelspec.architecture": "stable-diffusion-xl-v1-base/lora" },
      peft(inUnet, 128),
    ).notes.join(),
  ).not.toContain("made for");
});

test("names made to be read for hours are read once, and shown short", () => {
  const long = `lora_unet${".glora_x".repeat(100_000)}!`;
  const error = refusal({ ...pair(projection), [long]: [4], [`${long}!`]: [4] });
  expect(error.message.length).toBeLessThan(600);
  expect(error.message).toContain("only 1 of its 3 modules exist");
  const dots = {
    ...pair(projection),
    ...pair("lora_unet_middle_block_1_proj_in", 128),
    [".".repeat(200_000)]: [4],
  };
  expect(read(dots).notes.join().length).toBeLessThan(400);
  const patterns = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`(to_q|x${i})`, 4]));
  expect(told({ "unet.r": 4, "unet.rank_pattern": patterns })).toContain("more than 20 expressions");
});

test("an alpha that is no single number is refused by its key", () => {
  const key = `${projection}.alpha`;
  const error = refusal({ ...pair(projection), [key]: [2], "odd.alpha": [] });
  expect(error.message).toContain("should be one number but its shape is [2]");
  expect(error.details).toEqual({ path, key });
});

test("zeros from the last module on are a broken download, zeros before it or in one factor are not", () => {
  const shapes = { ...pair(projection), ...pair("lora_unet_middle_block_1_proj_in", 128) };
  const last = 2 * (4 * 128 + 128 * 4);
  const zeros = (from: number, count: number): void => {
    writeOnes(path, shapes);
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(count), 0, count, statSync(path).size - from);
    closeSync(file);
  };
  zeros(last, last);
  expect(() => readLora(path, checkpoint, 0)).toThrow("its data is zero to the end");
  zeros(last / 2, last / 2); // up alone, as before training
  expect(readLora(path, checkpoint, 0).unet.size).toBe(2);
  zeros(last + 512, 512);
  expect(readLora(path, checkpoint, 0).unet.size).toBe(2);
});
