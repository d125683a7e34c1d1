import { expect, test } from "bun:test";
import { checkRefiner, refinerCheckpoint, textWidth } from "#/weights/layouts/refiner.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { tinyCheckpoint, tinyRefiner, tinySd1 } from "../../support/golden.ts";
import { headerOf, sdxlBase, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

const tiny = sdxlCheckpoint(readSafetensors(await tinyCheckpoint()));
const file = readSafetensors(await tinyRefiner());

test("an SDXL refiner is known by its only text encoder, and fits the base whose second one it hears", () => {
  const refiner = refinerCheckpoint(file);
  expect([refiner.family, textWidth(refiner.unet)]).toEqual(["sdxl-refiner", 128]);
  expect(() => checkRefiner(refiner, tiny)).not.toThrow();
  expect(() => checkRefiner(tiny, tiny)).not.toThrow();
});

test("a refiner that reads another text is refused with both files' names", () => {
  const full = sdxlCheckpoint(headerOf(sdxlShapes(sdxlBase), "/sd_xl_base_1.0.safetensors"));
  for (const [one, other] of [
    [refinerCheckpoint(file), full],
    [full, tiny],
  ] as const)
    expect(() => checkRefiner(one, other)).toThrow(/cannot refine what .* draws: it reads text of width \d+/);
});

test("a base model serves as a refiner; what is neither is refused by what it is", () => {
  const base = refinerCheckpoint(headerOf(sdxlShapes(sdxlTiny), "/base.safetensors"));
  expect(base.family).toBe("sdxl-base");
  const vae = new Map([...file.tensors].slice(0, 0));
  expect(() => refinerCheckpoint({ ...file, tensors: vae })).toThrow("is not an SDXL base model");
});

test("a refiner that lacks a tensor, or has other channels, is refused", () => {
  const without = new Map(file.tensors);
  without.delete("model.diffusion_model.middle_block.1.proj_in.weight");
  expect(() => refinerCheckpoint({ ...file, tensors: without })).toThrow("is incomplete: its UNet lacks");
  const first = "model.diffusion_model.input_blocks.0.0.weight";
  const ref = file.tensors.get(first)!;
  const wide = new Map(file.tensors).set(first, { ...ref, shape: ref.shape.with(1, 9) });
  expect(() => refinerCheckpoint({ ...file, tensors: wide })).toThrow("a refiner with 9 input channels");
});

test("Stable Diffusion 1.x is known by its text encoder, hears the first one's half, and brings its VAE", async () => {
  const first = readSafetensors(await tinySd1());
  const sd1 = refinerCheckpoint(first);
  expect([sd1.family, textWidth(sd1.unet), sd1.vae.size > 0]).toEqual(["sd-1", 64, true]);
  expect(() => checkRefiner(sd1, tiny)).not.toThrow();
  const prefix = "first_stage_model.";
  const without = new Map([...first.tensors].filter(([key]) => !key.startsWith(prefix)));
  expect(() => refinerCheckpoint({ ...first, tensors: without })).toThrow(
    "has no VAE inside, and its latents",
  );
});
