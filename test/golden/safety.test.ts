import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { centreSquare } from "#/image/operations/centre-square.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { networks } from "#/networks/index.ts";
import { checked, isUnsafe } from "#/pipeline/stages/checked.ts";
import { Stopwatch } from "#/pipeline/stopwatch.ts";
import { openNetworks } from "#/runtime/models.ts";
import { clipLevels } from "#/tensor/clip-levels.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { expectNear } from "../support/expect-near.ts";
import { every, pixels } from "../support/formula-picture.ts";
import { goldenTensors, tinyCheckpoint, tinySafety } from "../support/golden.ts";
import { missingGoldens } from "../support/missing-goldens.ts";
import { smallRecipe } from "../support/small-recipe.ts";
import { openWorkshop } from "../support/workshop.ts";
import { cases, pictures } from "./safety.json";

/**
 * The safety checker against diffusers' with the same weights, its pictures prepared by transformers (scripts/golden/safety.py);
 * the tolerance is that of networks.test.ts.
 */
const tolerance = 1e-4;
setDefaultTimeout(300_000);

const golden = goldenTensors("safety.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());
const paths = { base: await tinyCheckpoint(), loras: [], safety_checker: await tinySafety() };
const opened = openNetworks(paths, { clipSkip: 2 }, workshop);

const seen = (picture: Pixmap): Tensor => {
  const square = centreSquare(picture, 224);
  return clipLevels({ ...square, data: Float32Array.from(square.data, (value) => value / 255) });
};
const row = ({ dims: [, length = 0], data }: Tensor, at: number): Tensor => ({
  dims: [1, length],
  data: data.slice(at * length, (at + 1) * length),
});

for (const [at, { width, height, unsafe }] of pictures.entries())
  test(`a picture of ${width} x ${height} is seen, compared and ${unsafe ? "blackened" : "left"} as there`, async () => {
    const picture = pixels(width, height);
    const levels = every(every(seen(picture), 19, 2), 23, 3);
    expectNear(levels, golden(`safety.levels_${width}`), 1e-6);
    const { special, concepts } = await opened.safety(seen(picture));
    expectNear(special, row(golden("safety.special"), at), tolerance);
    expectNear(concepts, row(golden("safety.concepts"), at), tolerance);

    const job = {
      recipe: { ...smallRecipe, checked: true as const },
      networks: opened,
      clock: new Stopwatch(),
    };
    const walk = checked(job, picture, 3);
    expect((await walk.next()).value).toEqual({ type: "progress", at: { stage: "checking", image: 3 } });
    const { value } = await walk.next();
    const black = { width, height, data: new Uint8Array(3 * width * height) };
    expect(value).toEqual({ image: unsafe ? black : picture, nsfw: unsafe });
  });

test("both happen in the pictures, and special care decides some of the cases", () => {
  expect(new Set(pictures.map(({ unsafe }) => unsafe)).size).toBe(2);
  const careless = cases.filter(({ concepts }) => isUnsafe([], concepts)).length;
  expect(careless).toBeLessThan(cases.filter(({ unsafe }) => unsafe).length);
});

test("at thresholds all around the same is decided, to the third digit", () => {
  for (const { special, concepts, unsafe } of cases) expect(isUnsafe(special, concepts)).toBe(unsafe);
  expect([0.0005, 0.00051, 0].map((score) => isUnsafe([], [score]))).toEqual([false, true, false]);
  expect([-0.0096, -0.0094].map((score) => isUnsafe([0.001], [score]))).toEqual([false, true]);
});

test("where nobody asks nobody looks", async () => {
  const job = { recipe: smallRecipe, networks: opened, clock: new Stopwatch() };
  const picture = pixels(5, 4);
  expect(await checked(job, picture, 0).next()).toEqual({ done: true, value: { image: picture } });
});

test("every answer that the network declares as its proof is compared here", () => {
  const { "safety-checker": network } = networks;
  const answers = new Set(["safety.special", "safety.concepts"]);
  const listings = new Set(["safety-checker"]);
  expect(missingGoldens({ "safety-checker": network }, { listings, answers })).toEqual([]);
});
