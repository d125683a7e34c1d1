import { expect, test } from "bun:test";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { otherDepthNote } from "#/weights/lora/other-depth.ts";
import { headerOf, type SdxlSizes, sdxlBase, sdxlShapes, ssd1b, vega } from "../../../support/sdxl-layout.ts";

const unetOf = (sizes: SdxlSizes) =>
  sdxlCheckpoint(headerOf(sdxlShapes(sizes), "/models/some.safetensors")).unet;

/** The attention modules of a model, which most LoRAs are on. */
const attentionOf = (sizes: SdxlSizes): string[] =>
  [...unetOf(sizes).keys()]
    .filter((key) => /attn\d\.to_\w+(\.0)?\.weight$/.test(key))
    .map((key) => key.replace(/\.weight$/, ""));

const noteOf = (modules: readonly string[], base: SdxlSizes): string | undefined =>
  otherDepthNote({
    path: "/loras/a.safetensors",
    base: "/models/base.safetensors",
    unet: unetOf(base),
    modules,
  });

test("a LoRA of SSD-1B or Vega finds all its modules on SDXL, and is told by where it stops", () => {
  expect(noteOf(attentionOf(ssd1b), sdxlBase)).toBe(
    "a.safetensors stops after 4 of 10 blocks in 4 of 5 transformers of base.safetensors, as a LoRA of a distilled model (SSD-1B, Vega) would: if it is one, it draws something else here than it was trained for.",
  );
  expect(noteOf(attentionOf(vega), sdxlBase)).toContain("stops after 2 of 10 blocks in 5 of 5 transformers");
  expect(noteOf(attentionOf(vega), ssd1b)).toContain("stops after 2 of 4 blocks");
});

test("a LoRA of the model itself, of a part of it, or of blocks picked by hand is not spoken of", () => {
  for (const sizes of [sdxlBase, ssd1b, vega]) expect(noteOf(attentionOf(sizes), sizes)).toBeUndefined();
  const all = attentionOf(sdxlBase);
  const some = (pattern: RegExp) =>
    noteOf(
      all.filter((module) => pattern.test(module)),
      sdxlBase,
    );
  expect(some(/^output_blocks\.[01]\./)).toBeUndefined();
  expect(some(/^middle_block/)).toBeUndefined();
  expect(some(/transformer_blocks\.[3579]\./)).toBeUndefined();
  expect(some(/^input_blocks\.4\.1\.transformer_blocks\.0\./)).toBeUndefined();
  expect(noteOf([], sdxlBase)).toBeUndefined();
  expect(noteOf(["input_blocks.3.0.op", "out.2"], sdxlBase)).toBeUndefined();
});
