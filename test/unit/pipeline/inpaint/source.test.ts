import { expect, test } from "bun:test";
import type { Pixmap } from "#/image/pixmap.ts";
import { type Fact, generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import type { InpaintSource, Recipe } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import { zeros } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../../support/small-recipe.ts";
import { asTheyAre, stubContext, stubNetworks } from "../../../support/stub-job.ts";

/** A job that paints a hole anew, from its pictures to its result, with networks whose every call is written down. */
const side = 64;
const picture: Pixmap = { width: side, height: side, data: new Uint8Array(3 * side * side).fill(90) };
const mask: Pixmap = {
  width: side,
  height: side,
  data: new Uint8Array(3 * side * side).map((_, at) => (Math.floor(at / 3) % side < 20 ? 255 : 0)),
};
const source: InpaintSource = {
  kind: "inpaint",
  picture: 0,
  mask: 1,
  grow: 0,
  invert: false,
  outpaint: {},
  field: 1,
  strength: 1,
  startEmpty: false,
  working: 64,
  enlarge: { by: "lanczos", tell: false },
  show: "result",
};

type Seen = Readonly<{ at: string; tensor?: Float32Array; inputs?: readonly string[] }>;

function networks(seen: Seen[]): Networks {
  const text = { hidden: zeros([1, 77, 4]), pooled: zeros([1, 4]) };
  const unet =
    (name: string): Networks["unet"] =>
    async (inputs) => {
      seen.push({ at: name, tensor: inputs.sample.data, inputs: Object.keys(inputs).toSorted() });
      return zeros(inputs.sample.dims);
    };
  return stubNetworks({
    textL: async () => text,
    textG: async () => text,
    unet: unet("base"),
    refiner: {
      family: "sdxl-base",
      prediction: "eps",
      schedule: "scaled-linear",
      textWidth: 8,
      unet: unet("plain"),
      tellTexts: asTheyAre,
    },
    encode: async (image) => {
      seen.push({ at: "encode", tensor: image.data });
      const latent = zeros([1, 4, image.dims[2]! / 8, image.dims[3]! / 8]);
      return { ...latent, data: latent.data.fill(2) };
    },
    decode: async ({ dims: [, , h = 0, w = 0] }) => zeros([1, 3, 8 * h, 8 * w]),
    inpaintHead: async ({ picture: latent }) => {
      seen.push({ at: "inpaint-head", tensor: latent.data });
      return zeros([1, 8, 8, 8]);
    },
  });
}

async function made(change: Partial<Recipe>) {
  const seen: Seen[] = [];
  const facts: Fact[] = [];
  const recipe = { ...smallRecipe, inputs: ["a.png", "b.png"], source, ...change };
  const context = stubContext(networks(seen));
  const walk = generate({ recipe, inputs: [picture, mask] }, context, new Run());
  for (;;) {
    const next = await walk.next();
    if (next.done === true) {
      const images = facts.flatMap((fact) => (fact.type === "image" ? [fact] : []));
      return { seen, facts, images, outcome: next.value };
    }
    facts.push(next.value);
  }
}

const patched = {
  patch: "p.patch",
  parts: [{ kind: "inpaint", name: "h.pth" }],
  refiner: { name: null, swap: "joint", at: 1 },
} as const;

test("a picture with a hole: what is beyond its ramp stays, the hole is what was decoded, the size is told", async () => {
  const { images, outcome, seen } = await made({});
  expect(outcome).toEqual({ status: "finished" });
  const [{ image, facts } = { image: picture, facts: undefined }] = images;
  expect([image.width, image.height, facts?.sampled]).toEqual([64, 64, { width: 64, height: 64 }]);
  const at = (x: number): number => image.data[3 * (32 * side + x)]!;
  expect([at(5), at(19), at(60)]).toEqual([127, 127, 90]);
  expect(at(30)).toBeGreaterThan(90);
  // Without an engine neither the head nor the picture with grey is asked for.
  expect(seen.filter(({ at: name }) => name === "encode")).toHaveLength(1);
  expect(seen.some(({ inputs = [] }) => inputs.includes("inpaint"))).toBe(false);
});

test("an engine: grey in the hole is encoded first, the head is told in sampler space, the network until it is the plain one", async () => {
  const { seen } = await made(patched);
  expect(seen.slice(0, 3).map(({ at }) => at)).toEqual(["encode", "inpaint-head", "encode"]);
  expect(seen[0]?.tensor?.slice(0, 20).every((value) => value === 0)).toBe(true);
  expect(seen[0]?.tensor?.[40]).toBeCloseTo((2 * 90) / 255 - 1, 6);
  expect(seen[1]?.tensor?.[0]).toBeCloseTo(2 * 0.13025, 6);
  const calls = seen.slice(3);
  // Two sides a step; the step of the switch is still the patched network's.
  expect(calls.map(({ at }) => at)).toEqual([
    ..."base ".repeat(4).trim().split(" "),
    ..."plain ".repeat(4).trim().split(" "),
  ]);
  expect(calls.slice(0, 4).every(({ inputs = [] }) => inputs.includes("inpaint"))).toBe(true);
  expect(calls.slice(4).some(({ inputs = [] }) => inputs.includes("inpaint"))).toBe(false);
});

test("outside the hole the network sees the picture with fresh noise at each call, on both sides of the switch", async () => {
  const { seen } = await made({ ...patched, guidance: { ...smallRecipe.guidance, cfg: 1 } });
  const calls = seen.slice(3);
  const kept = calls.map(({ tensor }) => tensor?.[7]); // the last block of the first row is no hole
  expect(calls).toHaveLength(4);
  expect(new Set(kept).size).toBe(4);
});

test("no initial latent: nothing to start from, and still the picture around the hole", async () => {
  const [empty, full] = [await made({ source: { ...source, startEmpty: true } }), await made({})];
  const first = ({ seen }: typeof empty) =>
    seen.find(({ at }) => at === "base")?.tensor ?? new Float32Array();
  // The first block is in the hole, the last one is not.
  expect(first(empty)[0]).not.toBe(first(full)[0]);
  expect(first(empty)[7]).toBe(first(full)[7]);
});

test("a part that is smaller than what is drawn is enlarged, and that is told where it is to be", async () => {
  const notes = async (working: number, tell: boolean) =>
    (await made({ source: { ...source, working, enlarge: { by: "lanczos", tell } } })).facts.flatMap(
      (fact) => (fact.type === "note" ? [fact.note] : []),
    );
  expect(await notes(128, true)).toEqual([{ note: "part-enlarged", by: "lanczos" }]);
  expect([await notes(128, false), await notes(64, true)]).toEqual([[], []]);
});

test("at a low strength the hole begins with what is there: no fill is made", async () => {
  const fill = ({ facts }: Awaited<ReturnType<typeof made>>): number =>
    facts.filter(
      (fact) => fact.type === "progress" && fact.at.stage === "encoding-picture" && fact.at.gives === "holes",
    ).length;
  expect(fill(await made({ source: { ...source, strength: 0.5 } }))).toBe(0);
  expect(fill(await made({}))).toBe(60);
});

test("to show how it is prepared: fill, hole and picture in place of a result, and no text is asked for", async () => {
  const { images, seen } = await made({ source: { ...source, show: "preparation" } });
  expect(images.map(({ index, facts }) => [index, facts.seed])).toEqual([
    [0, null],
    [1, null],
    [2, null],
  ]);
  expect(images[1]?.image.data[0]).toBe(255);
  expect(images[2]?.image).toEqual(picture);
  expect(seen).toEqual([]);
});

test("a stop is heard between two blurs of the fill", async () => {
  const run = new Run();
  const recipe = { ...smallRecipe, inputs: ["a.png", "b.png"], source };
  const walk = generate({ recipe, inputs: [picture, mask] }, stubContext(networks([])), run);
  let blurs = 0;
  for (;;) {
    const next = await walk.next();
    if (next.done === true) {
      expect(next.value).toEqual({ status: "stopped" });
      break;
    }
    if (next.value.type === "progress" && next.value.at.stage === "encoding-picture") blurs += 1;
    if (blurs === 3) run.interrupt("stop");
  }
  expect(blurs).toBe(3);
});
