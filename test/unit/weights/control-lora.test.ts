import { expect, test } from "bun:test";
import { controlLora } from "#/weights/layouts/control-lora.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { controlLoraShapes } from "../../support/control-layout.ts";
import { headerOf, sdxlBase, sdxlShapes } from "../../support/sdxl-layout.ts";

const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sdxlBase), "/sd_xl_base_1.0.safetensors"));
const file = headerOf(controlLoraShapes(sdxlBase, 128), "/control-lora.safetensors");

test("a Control-LoRA's factors are multiplied where that is less than using them at every position", () => {
  const { base } = controlLora(file, checkpoint);
  const transformer = (block: number): string => `input_blocks.${block}.1.transformer_blocks.0`;
  const multiplied = [
    "input_blocks.1.0.in_layers.2",
    `${transformer(4)}.attn1.to_q`,
    `${transformer(4)}.attn2.to_q`,
    `${transformer(4)}.ff.net.0.proj`,
    `${transformer(4)}.ff.net.2`,
  ];
  const beside = [
    "time_embed.0",
    "input_blocks.1.0.emb_layers.1",
    `${transformer(4)}.attn2.to_k`,
    `${transformer(7)}.attn1.to_q`,
    `${transformer(7)}.ff.net.0.proj`,
    "input_blocks.7.0.in_layers.2",
    "middle_block.0.in_layers.2",
  ];
  for (const module of multiplied) {
    expect(base?.changes?.get(`${module}.weight`)).toHaveLength(1);
    expect(base?.branches?.has(module)).toBe(false);
  }
  for (const module of beside) {
    expect(base?.branches?.get(module)).toHaveLength(1);
    expect(base?.changes?.has(`${module}.weight`)).toBe(false);
  }
});

test("a factor that is multiplied is seen as a matrix where it lies", () => {
  const { base } = controlLora(file, checkpoint);
  const [change] = base?.changes?.get("input_blocks.1.0.in_layers.2.weight") ?? [];
  expect(change?.form).toBe("product");
  expect(change?.parts["up"]?.place?.shape).toEqual([320, 128]);
  expect(change?.parts["down"]?.place?.shape).toEqual([128, 320 * 9]);
  expect(file.tensors.get("input_blocks.1.0.in_layers.2.down")?.shape).toEqual([128, 320, 3, 3]);
});
