import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reserved } from "#/card/plan.ts";
import type { EngineEvent } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { toWireError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import { openContext } from "#/pipeline/context.ts";
import { generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { tinyCheckpoint } from "../../support/golden.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

/** Whole jobs with real networks on the CPU, as they would go on cards of several sizes. */
const folder = mkdtempSync(join(tmpdir(), "card-jobs-"));
mkdirSync(join(folder, "checkpoints"));
symlinkSync(await tinyCheckpoint(), join(folder, "checkpoints/base.safetensors"));
afterAll(() => rmSync(folder, { recursive: true }));

const [image] = smallRecipe.images;
const recipe: Recipe = { ...smallRecipe, steps: 3, images: image === undefined ? [] : [image, image] };

/** What a job gives on a card with so many bytes for networks, or without one. */
async function onCard(room: number | undefined, asked: Recipe = recipe) {
  const open: (readonly string[])[] = [];
  const send = (event: EngineEvent): void => {
    if (event.type === "loaded") open.push(event.models.map(({ name }) => name));
  };
  const context = await openContext(
    {
      modelRoots: [folder],
      memoryBudget: 2 ** 40,
      derived: { folder: join(folder, "derived"), budget: 0 },
      threads: 1,
      providers: ["cpu"],
      weights: "in-place",
    },
    send,
    silentLog,
    room === undefined ? {} : { card: room + reserved },
  );
  const pictures: Pixmap[] = [];
  let runs: unknown;
  let error: ReturnType<typeof toWireError> | undefined;
  try {
    for await (const fact of generate({ recipe: asked, inputs: [] }, context, new Run())) {
      if (fact.type === "image") {
        pictures.push(fact.image);
        runs = fact.facts;
      }
    }
  } catch (thrown) {
    error = toWireError(thrown);
  }
  await context.close();
  return { pictures, open, error, runs };
}

const mebibyte = 2 ** 20;
const most = (open: readonly (readonly string[])[]): number => Math.max(...open.map(({ length }) => length));
const plain = await onCard(undefined);

/** The largest difference of two pictures, in levels. */
const apart = (a: Pixmap | undefined, b: Pixmap | undefined): number =>
  Math.max(...(a?.data.map((level, i) => Math.abs(level - (b?.data[i] ?? 0))) ?? [255]));

test("a job gives the same pictures on a card", async () => {
  const { pictures, error } = await onCard(1024 * mebibyte);
  expect(error).toBeUndefined();
  expect(pictures.length).toBe(2);
  for (const [i, picture] of pictures.entries()) expect(apart(picture, plain.pictures[i])).toBeLessThan(2);
});

test("on a large card all networks stay open", async () => {
  const { open } = await onCard(1024 * mebibyte);
  expect(most(open)).toBe(4);
});

/** The error's own bytes, less what is nobody's. */
const wanted = (error: ReturnType<typeof toWireError> | undefined): number =>
  Number(error?.details?.["needed"]) - reserved;

test("a card that is too small for a stage is refused with both numbers before anything is opened, and one of that size will do", async () => {
  const first = await onCard(mebibyte);
  expect(first.error).toMatchObject({
    code: "out-of-memory",
    details: { card: mebibyte + reserved, setting: "gpu_memory" },
  });
  expect(first.open).toEqual([]);
  let room = mebibyte;
  let found = first;
  const named: unknown[] = [];
  while (found.error !== undefined) {
    named.push(found.error.details?.["stage"]);
    room = wanted(found.error);
    found = await onCard(room);
  }
  expect(named).toEqual(["texts", "texts", "denoising"]);
  // Networks leave it for others, picture by picture, and the pictures are the same.
  expect(most(found.open)).toBe(2);
  for (const [i, picture] of found.pictures.entries())
    expect(apart(picture, plain.pictures[i])).toBeLessThan(2);
  const little = await onCard(room - 1);
  expect(little.error?.details?.["stage"]).toBe("denoising");
}, 60_000);
