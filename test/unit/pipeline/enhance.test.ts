import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import type { Pixmap } from "#/image/pixmap.ts";
import type { EnhancedPicture } from "#/recipe/enhancement.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { drawnPicture, enhance, enhanced, enhanceModels } from "../../support/enhance-bench.ts";
import { region } from "../../support/regions.ts";

setDefaultTimeout(120_000);

/** Whole jobs with real networks: images, passes over them, and what stops one. */
const folder = await enhanceModels();
afterAll(() => rmSync(folder, { recursive: true }));

const twoRegions = [
  region({ enhance_prompt: "eyes" }),
  region({ enhance_prompt: "hands", enhance_mask_model: "isnet-anime", enhance_inpaint_strength: 0.5 }),
];
const given = { enhance_input_image: "http://127.0.0.1/inputs/a.png" } as const;
const picture = drawnPicture(64, 64);

const pixels = (image: Pixmap | undefined): string => Buffer.from(image?.data ?? []).toString("base64");
const placeOf = ({ pass }: { pass?: { picture: number; pass: number; shows: string } }): string =>
  pass === undefined ? "image" : `${pass.picture}.${pass.pass} ${pass.shows}`;

/** The plan of a recipe with its first picture changed. */
function withPicture({ enhance: plan, ...recipe }: Recipe, changed: Partial<EnhancedPicture>): Recipe {
  if (plan === undefined) throw new Error("there is no plan");
  return { ...recipe, enhance: { ...plan, pictures: plan.pictures.map((one) => ({ ...one, ...changed })) } };
}

test("each pass makes what it would by itself of what the one before left, and a kept picture is gone on with", async () => {
  const { recipe } = enhanced({ ...given, enhance_ctrls: twoRegions, enhance_uov_method: "Vary (Subtle)" });
  const { images, outcome, facts } = await enhance(folder, recipe, [picture]);
  expect(outcome).toEqual({ status: "finished" });
  expect(images.map(placeOf)).toEqual(["image", "0.0 result", "0.1 result", "0.2 result"]);
  expect(facts.filter(({ type }) => type === "passed")).toEqual([
    { type: "passed", picture: 0, done: 1 },
    { type: "passed", picture: 0, done: 2 },
    { type: "passed", picture: 0, done: 3 },
  ]);
  expect(images.map(({ facts: { seed } }) => seed)).toEqual([null, 5n, 5n, 5n]);
  expect(new Set(images.map(({ image }) => pixels(image))).size).toBe(4);

  const [, varied, , last] = images;
  const plain = recipe.enhance?.pictures[0]?.passes[0]?.run;
  if (plain === undefined || varied === undefined) throw new Error("there is no pass");
  const alone = await enhance(folder, { ...plain, inputs: ["a.png"] }, [picture]);
  expect(pixels(alone.images[0]?.image)).toBe(pixels(varied.image));

  const left = withPicture(
    { ...recipe, inputs: [...recipe.inputs, "left"] },
    { from: { kind: "left", picture: 1 }, done: 1 },
  );
  const resumed = await enhance(folder, left, [picture, varied.image]);
  expect(resumed.images.map(placeOf)).toEqual(["0.1 result", "0.2 result"]);
  expect(pixels(resumed.images.at(-1)?.image)).toBe(pixels(last?.image));
});

test("every image that was made goes through its own passes", async () => {
  const { recipe } = enhanced({ image_number: 2, enhance_ctrls: twoRegions.slice(0, 1) });
  const { images } = await enhance(folder, recipe);
  expect(images.map(placeOf)).toEqual(["image", "image", "0.0 result", "1.0 result"]);
  expect(new Set(images.map(({ image }) => pixels(image))).size).toBe(4);
});

test("a region of which nothing is found is left out with a word, turned round or not, and the next one runs", async () => {
  const { recipe } = enhanced({
    ...given,
    enhance_ctrls: [
      region({ enhance_mask_model: "silueta", enhance_mask_invert: true }),
      region({ enhance_inpaint_erode_or_dilate: -64 }),
      region({}),
    ],
  });
  const { images, facts } = await enhance(folder, recipe, [picture]);
  expect(images.map(placeOf)).toEqual(["image", "0.2 result"]);
  expect(facts.filter(({ type }) => type === "note")).toEqual([
    { type: "note", note: { note: "region-empty", picture: 0, region: 0 } },
    { type: "note", note: { note: "region-empty", picture: 0, region: 1 } },
  ]);
});

test("masks are shown where they are asked for, also empty ones", async () => {
  const { recipe } = enhanced({
    ...given,
    debugging_enhance_masks_checkbox: true,
    enhance_ctrls: [region({ enhance_mask_model: "silueta" }), region({})],
  });
  const { images } = await enhance(folder, recipe, [picture]);
  expect(images.map(placeOf)).toEqual(["image", "0.0 mask", "0.1 mask", "0.1 result"]);
  const values = new Set(images[2]?.image.data);
  expect([...values].toSorted((a, b) => a - b)).toEqual([0, 255]);
});

test("a skip leaves out the region at hand, or all that is left where the picture is varied; a stop ends the job", async () => {
  const { recipe } = enhanced({ ...given, enhance_ctrls: twoRegions, enhance_uov_method: "Vary (Strong)" });
  const asked = async (pass: number, action: "skip" | "stop", order = recipe) => {
    const { images, outcome } = await enhance(folder, order, [picture], {
      on: (fact, run) => {
        if (fact.type === "progress" && fact.pass?.pass === pass && fact.at.stage === "denoising")
          if (fact.at.step === 1) run.interrupt(action);
      },
    });
    return [images.map(placeOf).slice(1), outcome.status];
  };
  expect(await asked(1, "skip")).toEqual([["0.0 result", "0.2 result"], "finished"]);
  expect(await asked(0, "skip")).toEqual([[], "finished"]);
  expect(await asked(1, "stop")).toEqual([["0.0 result"], "stopped"]);
});

test("a picture that is black is not gone on with: neither one that was made, nor one that a pass made", async () => {
  const checked = { black_out_nsfw: true, enhance_ctrls: twoRegions } as const;
  const of = async ({ recipe }: ReturnType<typeof enhanced>, inputs: readonly Pixmap[]) => {
    const { images, facts } = await enhance(folder, recipe, inputs);
    const isBlack = ({ data }: Pixmap): boolean => data.every((value) => value === 0);
    return {
      images: images.map((one) => [placeOf(one), one.facts.nsfw, isBlack(one.image)]),
      passed: facts.flatMap((fact) => (fact.type === "passed" ? [[fact.picture, fact.done]] : [])),
    };
  };
  expect(await of(enhanced({ ...checked, image_number: 2 }), [])).toEqual({
    images: [
      ["image", true, true],
      ["image", true, true],
    ],
    passed: [
      [0, 2],
      [1, 2],
    ],
  });
  expect(await of(enhanced({ ...checked, ...given }), [picture])).toEqual({
    images: [
      ["image", undefined, false],
      ["0.0 result", true, true],
    ],
    passed: [[0, 2]],
  });
});

test("in a budget for the largest network alone, those of one pass leave before the next one's come", async () => {
  const { recipe } = enhanced({ ...given, enhance_ctrls: twoRegions });
  const { open, images } = await enhance(folder, recipe, [picture]);
  const bytes = (some: (typeof open)[number]): number => some.reduce((sum, one) => sum + one.bytes, 0);
  const all = Math.max(...open.map(bytes));
  const largest = Math.max(...open.flat().map((one) => one.bytes));
  const small = await enhance(folder, recipe, [picture], { budget: largest });
  expect(pixels(small.images.at(-1)?.image)).toBe(pixels(images.at(-1)?.image));
  const mattes = small.open.filter((some) => some.some(({ name }) => name.includes("u2net")));
  // A mask is made between passes: whatever is open beside its network is within the budget with it.
  expect(mattes.length).toBeGreaterThan(0);
  for (const some of small.open.filter((one) => one.some(({ name }) => name.includes("isnet"))))
    if (!some.some(({ name }) => name === "unet")) expect(bytes(some)).toBeLessThanOrEqual(largest);
  expect(Math.max(...small.open.map(bytes))).toBeLessThan(all);
});
