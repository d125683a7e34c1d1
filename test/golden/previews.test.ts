import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { listing } from "#/graph/listing.ts";
import { weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { previewNetworks } from "#/networks/preview-networks.ts";
import { openNetworks } from "#/runtime/models.ts";
import { previewKind } from "#/weights/layouts/preview.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { missingGoldens } from "../support/missing-goldens.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Against diffusers' AutoencoderTiny and a network written from the description of Fooocus' own, in float32 on the same
 * weights (scripts/golden/previews.py); the tolerance is that of networks.test.ts.
 */
const tolerance = 1e-4;

setDefaultTimeout(300_000);

const base = await tinyCheckpoint();
const checkpoint = sdxlCheckpoint(openWeights(base));
const golden = goldenTensors("preview-networks.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());

const files = {
  "preview-approximation.pth": "approximation.image",
  "preview-tiny-diffusers.safetensors": "tiny.image",
  "preview-tiny-sequence.pth": "tiny.image",
};

for (const [file, key] of Object.entries(files))
  test(`${file} makes previews as the reference does`, async () => {
    const vae_approx = goldenPath(file);
    const image = await openNetworks({ base, loras: [], vae_approx }, { clipSkip: 2 }, workshop).preview(
      golden("latent"),
    );
    if (image === undefined) throw new Error("no preview was made");
    expectNear(image, golden(key), tolerance);
  });

test("a file that is none for previews is an error that says so, and a job without one makes none", async () => {
  const wrong = openNetworks({ base, loras: [], vae_approx: base }, { clipSkip: 2 }, workshop);
  expect(wrong.preview(golden("latent"))).rejects.toThrow("makes no previews of SDXL");
  expect(
    await openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop).preview(golden("latent")),
  ).toBeUndefined();
});

test("both networks have their proof", async () => {
  const drawn: Record<string, string> = {};
  for (const file of Object.keys(files)) {
    const weights = openWeights(goldenPath(file));
    const { name, from, draw } = previewNetworks[previewKind(weights)];
    const { tensors } = from.ownFile.read(weights, checkpoint);
    drawn[name] = listing(draw(weightSource(name, tensors), operators.cpu));
  }
  for (const [name, text] of Object.entries(drawn)) {
    const path = goldenPath(`listings/${name}.txt`);
    if (process.env["UPDATE_LISTINGS"] !== undefined) await Bun.write(path, text);
    expect(text).toBe(await Bun.file(path).text());
  }
  const byName = Object.fromEntries(Object.values(previewNetworks).map((network) => [network.name, network]));
  const have = { listings: new Set(Object.keys(drawn)), answers: new Set(Object.values(files)) };
  expect(missingGoldens(byName, have)).toEqual([]);
});
