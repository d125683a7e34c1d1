import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { networks } from "#/networks/index.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { goldenPath } from "../../support/golden.ts";
import { missingGoldens } from "../../support/missing-goldens.ts";

/** That they are compared, and the listings with them, is seen to in test/golden/networks.test.ts and listings.test.ts. */
const listings = new Set(readdirSync(goldenPath("listings")).map((name) => name.replace(/\.txt$/, "")));
const answers = new Set(readSafetensors(goldenPath("networks.safetensors")).tensors.keys());

test("every network of the table has its proof, and every listing a network", () => {
  expect(missingGoldens(networks, { listings, answers })).toEqual([]);
  const declared: string[] = Object.values(networks).map(({ goldens }) => goldens.listing);
  expect(declared.toSorted()).toEqual([...listings].toSorted());
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
