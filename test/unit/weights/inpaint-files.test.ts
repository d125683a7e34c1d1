import { expect, test } from "bun:test";
import type { Checkpoint } from "#/weights/checkpoint.ts";
import { checkHeadFits, inpaintHeadSource } from "#/weights/layouts/inpaint-head.ts";
import { readInpaintPatch } from "#/weights/layouts/inpaint-patch.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import { goldenPath, tinyCheckpoint } from "../../support/golden.ts";
import { headerOf, sdxlBase, sdxlShapes } from "../../support/sdxl-layout.ts";

/** What is refused of the files of inpaint engines, each by what is wrong; what they compute is in test/golden/inpaint.test.ts. */
const checkpoint = sdxlCheckpoint(openWeights(await tinyCheckpoint()));
const patch = openWeights(goldenPath("inpaint-patch.patch"));
const head = openWeights(goldenPath("inpaint-head.pth"));
const read = (file: WeightFile) => inpaintHeadSource.ownFile.read(file, checkpoint);

/** The checkpoint with one tensor left out, or of another shape. */
function changed(key: string, shape?: readonly number[]): Checkpoint {
  const unet = new Map(checkpoint.unet);
  const ref = unet.get(key);
  if (ref === undefined) throw new Error(`there is no ${key}`);
  if (shape === undefined) unet.delete(key);
  else unet.set(key, { ...ref, shape });
  return { ...checkpoint, unet };
}

test("every entry of a patch must fit: one that does not is named, with the way out", () => {
  expect(readInpaintPatch(patch, checkpoint).tensors.size).toBe(8);
  const missing = () => readInpaintPatch(patch, changed("out.2.weight"));
  for (const words of ["diffusion_model.out.2.weight", 'engine "None"']) expect(missing).toThrow(words);
  expect(() => readInpaintPatch(patch, changed("out.2.bias", [5]))).toThrow("out.2.bias has the shape [4]");
});

test("an entry that lacks an end of its range, or a foreign one, is no patch", () => {
  const without = (key: string) => ({
    ...patch,
    tensors: new Map([...patch.tensors].filter(([name]) => name !== key)),
  });
  const key = "diffusion_model.out.2.weight";
  for (const part of [0, 1, 2])
    expect(() => readInpaintPatch(without(`${key}.${part}`), checkpoint)).toThrow("lacks one of three parts");
  const foreign = {
    ...patch,
    tensors: new Map([...patch.tensors, ["lora_unet_x.lora_up", patch.tensors.get(`${key}.0`)!]]),
  };
  expect(() => readInpaintPatch(foreign, checkpoint)).toThrow("no inpaint patch for SDXL");
  const nothing = { ...patch, tensors: new Map(), metadata: new Map() };
  expect(() => readInpaintPatch(nothing, checkpoint)).toThrow("is no inpaint patch");
  expect(() => readInpaintPatch(head, checkpoint)).toThrow("is no inpaint patch");
});

test("a range may be plain numbers, as Python writes them", () => {
  const key = "diffusion_model.out.2.bias";
  const tensors = new Map(
    [...patch.tensors].filter(([name]) => !name.startsWith(key) || name.endsWith(".0")),
  );
  const metadata = new Map([
    [`${key}.1`, "-0.25"],
    [`${key}.2`, "0.5"],
  ]);
  const { tensors: differences } = readInpaintPatch({ ...patch, tensors, metadata }, checkpoint);
  expect(differences.get("out.2.bias")?.[0]?.range).toEqual({ low: -0.25, high: 0.5 });
});

test("a head is one convolution over five channels, and gives as many as the network's first one has", () => {
  const { tensors } = read(head);
  expect([...tensors.keys()]).toEqual(["head.weight"]);
  expect(() => checkHeadFits(tensors, checkpoint)).not.toThrow();
  const large = sdxlCheckpoint(headerOf(sdxlShapes(sdxlBase), "/large.safetensors"));
  expect(() => checkHeadFits(tensors, large)).toThrow("gives 32 channels, large.safetensors has 320 there");
  expect(() => read(patch)).toThrow("is not Fooocus' inpaint head");
});
