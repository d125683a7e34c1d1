import { expect, test } from "bun:test";
import { samFileNames } from "#/catalog/sam-files.ts";
import { ModelError } from "#/lib/errors.ts";
import { samSize, samTensors } from "#/weights/layouts/sam.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import { samShapes, samSizes, samTiny } from "../../support/sam-layout.ts";
import { headerOf, type Shapes } from "../../support/sdxl-layout.ts";

const open = (shapes: Shapes, path = "/sam.pth"): WeightFile => headerOf(shapes, path, "F32");
const prefixed = (prefix: string): Shapes =>
  new Map([...samShapes(samTiny)].map(([key, shape]) => [prefix + key, shape]));
const withKeys = (...keys: readonly string[]): Shapes => {
  const shapes = samShapes(samTiny);
  for (const key of keys) shapes.set(key, [4, 4]);
  return shapes;
};

function refusal(shapes: Shapes): string {
  try {
    samTensors(open(shapes, "/models/sam/mine.pth"));
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown.message;
    throw thrown;
  }
  return "";
}

test("the three published models, with as many tensors and values as their files have", () => {
  const published = { b: [314, 93_735_728], l: [482, 312_343_088], h: [594, 641_090_864] } as const;
  for (const [name, [tensors, values]] of Object.entries(published)) {
    const shapes = samShapes(samSizes[name as keyof typeof published]);
    const count = [...shapes.values()].reduce((sum, dims) => sum + dims.reduce((all, n) => all * n, 1), 0);
    expect([shapes.size, count]).toEqual([tensors, values]);
    const part = samTensors(open(shapes));
    expect(part.notes).toEqual([]);
    expect(samSize(part.tensors)).toBe(`vit_${name}`);
    expect(Object.keys(samFileNames)).toContain(`vit_${name}`);
  }
});

test("a size is what the file says, not what it is called, and another depth has no name", () => {
  const part = samTensors(open(samShapes(samSizes.b), "/models/sam/sam_vit_h_4b8939.pth"));
  expect(samSize(part.tensors)).toBe("vit_b");
  expect(samSize(samTensors(open(samShapes(samTiny))).tensors)).toBeUndefined();
});

test("names may stand below a prefix, and what is not used is told", () => {
  for (const prefix of ["model.", "state_dict.", "sam."]) {
    const shapes = prefixed(prefix);
    expect(samTensors(open(shapes)).tensors.size).toBe(shapes.size);
    shapes.set("optimizer.step", [1]);
    expect(samTensors(open(shapes)).notes).toEqual([
      "sam.pth has the tensor optimizer.step that nothing here uses.",
    ]);
  }
  expect(samTensors(open(withKeys("pixel_mean", "pixel_std"))).notes).toEqual([]);
});

const relatives = [
  ["HQ-SAM", withKeys("mask_decoder.hf_token.weight")],
  ["SAM 2", new Map([["sam_mask_decoder.iou_token.weight", [1, 256]]])],
  ["MobileSAM", new Map([["image_encoder.layers.0.blocks.0.conv1.c.weight", [64, 64, 1, 1]]])],
  ["a SAM under transformers' names", new Map([["vision_encoder.layers.0.attn.qkv.weight", [2304, 768]]])],
  ["GroundingDINO", new Map([["module.transformer.tgt_embed.weight", [900, 256]]])],
  ["an upscaler", new Map([["conv_first.weight", [64, 3, 3, 3]]])],
] as const;

for (const [kind, shapes] of relatives)
  test(`${kind} is refused by its name, with the tensor by which it is known and what is wanted`, () => {
    const sentence = refusal(new Map(shapes));
    expect(sentence).toStartWith(`mine.pth is not a Segment Anything that is read here: it is ${kind}`);
    if (kind === "an upscaler") return;
    expect(sentence).toContain("take sam_vit_b_01ec64.pth");
    const known = [...shapes.keys()].some((key) => sentence.includes(key));
    expect(known).toBe(true);
  });

test("a layer that nothing draws, one that is missing, and one of another shape are refused", () => {
  expect(refusal(withKeys("image_encoder.blocks.0.gate.weight"))).toContain("no published one has");
  const missing = samShapes(samTiny);
  missing.delete("mask_decoder.transformer.layers.1.norm4.bias");
  expect(refusal(missing)).toContain("lacks the tensor mask_decoder.transformer.layers.1.norm4.bias");
  const shapes = samShapes(samTiny);
  shapes.set("image_encoder.neck.2.weight", [32, 32, 1, 1]);
  expect(refusal(shapes)).toContain("image_encoder.neck.2.weight should have the shape [32, 32, 3, 3]");
});
