import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { networks } from "#/networks/index.ts";
import { goldenPath } from "../../support/golden.ts";
import { missingGoldens } from "../../support/missing-goldens.ts";
import { goldenKeys } from "../../support/unproven.ts";

/** That they are compared, and the listings with them, is seen to in test/golden/networks.test.ts, its neighbours and listings.test.ts. */
const listings = new Set(readdirSync(goldenPath("listings")).map((name) => name.replace(/\.txt$/, "")));
const answers = [
  "networks",
  "text-networks",
  "inpaint",
  "upscalers",
  "control",
  "image-prompts",
  "safety",
  "image-attention",
  "faces",
  "segment",
  "detect",
]
  .map((name) => goldenKeys(`${name}.safetensors`))
  .reduce((all, keys) => all.union(keys));

test("every network of the table has its proof", () => {
  expect(missingGoldens(networks, { listings, answers })).toEqual([]);
});

test("a network that is added without a proof is found", () => {
  const added = {
    unet: networks.unet,
    control: { name: "control", goldens: { listing: "control", answers: ["control.residual"] } },
    empty: { name: "other", goldens: { listing: "unet", answers: [] } },
  };
  expect(missingGoldens(added, { listings, answers })).toEqual([
    "control has no listing control: run UPDATE_LISTINGS=1 bun test test/golden/listings.test.ts",
    "control has no answer control.residual: let scripts/golden/networks.py write it, and compare it",
    "empty calls itself other",
    "empty names no answer of the reference",
  ]);
});
