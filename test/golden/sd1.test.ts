import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import type { Graph } from "#/graph/graph.ts";
import { listing } from "#/graph/listing.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { sd1Networks } from "#/networks/index.ts";
import { openNetworks } from "#/runtime/models.ts";
import { interposerFile } from "#/weights/layouts/interposer.ts";
import { refinerCheckpoint } from "#/weights/layouts/refiner.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint, tinyInterposer, tinySd1 } from "../support/golden.ts";
import { missingGoldens } from "../support/missing-goldens.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * What Stable Diffusion 1.x needs where it takes over from SDXL, against diffusers and torch in float32 on the same weights
 * (scripts/golden/networks.py). The tolerance is that of networks.test.ts.
 */
const tolerance = 1e-4;
setDefaultTimeout(300_000);

const golden = goldenTensors("networks.safetensors");
const base = await tinyCheckpoint();
const [sd1, interposer] = [await tinySd1(), await tinyInterposer()];
const workshop = openWorkshop(operators.cpu);
afterAll(() => workshop.close());

const tensors = {
  "unet-sd1": refinerCheckpoint(readSafetensors(sd1)).unet,
  interposer: interposerFile.read(readSafetensors(interposer), sdxlCheckpoint(readSafetensors(base))).tensors,
} as const;
const drawn = (name: keyof typeof sd1Networks): Graph =>
  sd1Networks[name].draw(weightSource("tiny", tensors[name]), operators.cpu);

const open = () => {
  const { refiner } = openNetworks(
    { base, refiner: { path: sd1, interposer }, loras: [] },
    { clipSkip: 2 },
    workshop,
  );
  if (refiner?.family !== "sd-1") throw new Error("it was taken for something else");
  return refiner;
};

test("the UNet: eight heads, kernels around its transformers, no sizes", async () => {
  const found = await open().unet({
    sample: golden("unet-sd1.sample"),
    timestep: golden("unet-sd1.timestep"),
    context: golden("unet-sd1.context"),
  });
  expectNear(found, golden("unet-sd1.prediction"), tolerance);
});

test("the interposer: a block adds to what is normalised", async () => {
  const found = await open().convert(golden("interposer.latent"));
  expectNear(found, golden("interposer.converted"), tolerance);
});

for (const [name, { goldens, inputs, outputs }] of Object.entries(sd1Networks)) {
  const graph = drawn(name as keyof typeof sd1Networks);

  test(`${name}: its graph is the listed one, with the inputs and outputs it declares`, async () => {
    const path = goldenPath(`listings/${goldens.listing}.txt`);
    const text = listing(graph);
    if (process.env["UPDATE_LISTINGS"] !== undefined || !existsSync(path)) writeFileSync(path, text);
    expect(text.split("\n")).toEqual((await Bun.file(path).text()).split("\n"));
    expect(graph.inputs.map((port) => port.name)).toEqual(Object.keys(inputs));
    expect(graph.outputs.map((port) => port.name)).toEqual([...outputs]);
  });
}

test("every answer that these networks declare as their proof is compared here", () => {
  const answers = new Set(["unet-sd1.prediction", "interposer.converted"]);
  const listings = new Set(Object.values(sd1Networks).map(({ goldens }) => goldens.listing));
  expect(missingGoldens(sd1Networks, { listings, answers })).toEqual([]);
});

test("without the file in between it cannot take over, and that is said", () => {
  const paths = { base, refiner: { path: sd1 }, loras: [] };
  expect(() => openNetworks(paths, { clipSkip: 2 }, workshop)).toThrow(
    "needs xl-to-v1_interposer-v4.0.safetensors in the vae_approx folder",
  );
});
