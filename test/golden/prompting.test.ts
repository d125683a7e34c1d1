import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Moment } from "#/engine/protocol.ts";
import { silentLog } from "#/lib/log.ts";
import { openContext } from "#/pipeline/context.ts";
import { type Fact, generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { expansionModel } from "../support/expansion-files.ts";
import { goldenPath, tinyCheckpoint } from "../support/golden.ts";
import { smallRecipe } from "../support/small-recipe.ts";
import expansions from "./expansion/cases.json";

/** Whole jobs with expansions and textual inversions, in an engine with all that lives as long as it. */
const folder = mkdtempSync(join(tmpdir(), "prompting-"));
for (const kind of ["checkpoints", "embeddings", "prompt_expansion"]) mkdirSync(join(folder, kind));
symlinkSync(await tinyCheckpoint(), join(folder, "checkpoints/tiny.safetensors"));
symlinkSync(dirname(await expansionModel()), join(folder, "prompt_expansion/fooocus_expansion"));
const embedding = join(folder, "embeddings/mine.safetensors");
const putEmbedding = (name: string): void => {
  copyFileSync(goldenPath(`embeddings/${name}`), `${embedding}.new`);
  renameSync(`${embedding}.new`, embedding);
};
putEmbedding("both.safetensors");

const settings = {
  modelRoots: [folder],
  providers: ["cpu"],
  weights: "in-place",
  memoryBudget: 2 ** 30,
  derived: { folder: join(folder, "derived"), budget: 2 ** 30 },
  threads: 1,
} as const;
const context = await openContext(settings, () => undefined, silentLog, undefined);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

const plain: Recipe = { ...smallRecipe, base: "tiny.safetensors", steps: 1 };
const [image] = plain.images;
const saying = (...texts: readonly string[]): Recipe => ({
  ...plain,
  images: [{ ...image!, positive: { texts, topK: texts.length } }],
});
const named: Pick<Recipe, "inversions"> = { inversions: [{ said: "mine", name: "mine.safetensors" }] };

const expanding: Pick<Recipe, "parts"> = {
  parts: [{ kind: "prompt_expansion", name: "fooocus_expansion/pytorch_model.bin" }],
};

async function made(recipe: Recipe) {
  const facts: Fact[] = [];
  for await (const fact of generate({ recipe, inputs: [] }, context, new Run())) facts.push(fact);
  const moments = facts.flatMap((fact): Moment[] => (fact.type === "progress" ? [fact.at] : []));
  const pictures = facts.flatMap((fact) => (fact.type === "image" ? [fact] : []));
  return { moments, pictures, pixels: pictures.map(({ image: { data } }) => [...data]) };
}

const cats = expansions.filter(({ prompt }) => prompt === "a cat").slice(0, 2);

test("every image's prompt is expanded by its own seed before anything is encoded, and is told with the image", async () => {
  const images = cats.map(({ prompt, seed }) => ({
    seed: BigInt(seed),
    positive: { texts: [prompt], topK: 1 },
    negative: { texts: [""], topK: 1 },
    expand: prompt,
  }));
  const { moments, pictures, pixels } = await made({ ...plain, images, ...expanding });
  expect(pictures.map(({ facts }) => facts.expansion)).toEqual(cats.map(({ text }) => text));
  const begun = moments.flatMap((at) =>
    at.stage === "encoding" && at.part === undefined ? [`${at.texts} ${at.image}`] : [],
  );
  expect(begun).toEqual([
    "expansion 0",
    "expansion 1",
    "positive 0",
    "positive 1",
    "negative 0",
    "negative 1",
  ]);
  // Encoded as one more text, which is nothing to the pooled vector.
  const written = images.map(({ seed, positive, negative }, at) => ({
    seed,
    positive: { texts: [...positive.texts, cats[at]!.text], topK: 1 },
    negative,
  }));
  expect(pixels).toEqual((await made({ ...plain, images: written })).pixels);
});

test("each word of an expansion is told, and each call for sections of long texts", async () => {
  const [cat] = cats;
  const recipe = saying("a very long prompt of many words ".repeat(30));
  const images = [{ ...recipe.images[0]!, seed: BigInt(cat!.seed), expand: cat!.prompt }];
  const { moments } = await made({ ...recipe, images, ...expanding });
  const parts = moments.flatMap((at) =>
    at.stage === "encoding" && at.part !== undefined ? [`${at.texts} ${at.part}/${at.parts}`] : [],
  );
  expect(parts.slice(0, 71)).toEqual(Array.from({ length: 71 }, (_, at) => `expansion ${at + 1}/71`));
  // What other tests have encoded is known; three sections of the prompt are not, and one call has room for eight.
  const [told = "", ...more] = parts.slice(71);
  expect(more).toEqual([]);
  expect(told).toMatch(/^positive ([3-6])\/\1$/);
});

test("a textual inversion changes the picture; one of the same name that took its place changes it again", async () => {
  const text = "a cat, embedding:mine";
  const first = await made({ ...saying(text), ...named });
  expect(first.pixels).not.toEqual((await made(saying("a cat,"))).pixels);
  expect((await made({ ...saying(text), ...named })).pixels).toEqual(first.pixels);
  putEmbedding("only-g.safetensors");
  const second = await made({ ...saying(text), ...named });
  expect(second.pixels).not.toEqual(first.pixels);
  expect((await made({ ...saying(text), ...named })).pixels).toEqual(second.pixels);
});

test("a job whose textual inversion is gone is refused by its name", async () => {
  const recipe = { ...saying("embedding:mine"), inversions: [{ said: "mine", name: "gone.pt" }] };
  await expect(made(recipe)).rejects.toMatchObject({ code: "missing-model", details: { name: "gone.pt" } });
});
