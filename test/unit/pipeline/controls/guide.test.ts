import { expect, test } from "bun:test";
import { crop } from "#/image/operations/crop.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { guide } from "#/pipeline/controls/guide.ts";
import type { Fact } from "#/pipeline/generate.ts";
import { areaToDraw } from "#/pipeline/inpaint/area-to-draw.ts";
import type { Controls, InpaintSource, Recipe } from "#/recipe/recipe.ts";
import type { ControlNet } from "#/runtime/control-nets.ts";
import type { ImageKeys, ImagePrompter } from "#/runtime/image-prompts.ts";
import { type Tensor, zeros } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../../support/small-recipe.ts";
import { stubJob } from "../../../support/stub-job.ts";

const patterned = (width: number, height: number): Pixmap => ({
  width,
  height,
  data: new Uint8Array(3 * width * height).map((_, at) => (at * 37 + (at >> 5) * 11) % 256),
});
const controls: Controls = {
  uses: [{ kind: "canny", picture: 0, net: 0, weight: 1, stop: 1 }],
  show: "result",
  softness: 0.25,
  prepare: false,
  canny: { low: 64, high: 128 },
};

/** The pictures that a ControlNet is shown. */
async function shownFor(
  recipe: Recipe,
  inputs: readonly Pixmap[],
  beginning: Parameters<typeof guide>[1],
): Promise<Readonly<{ shown: readonly Tensor[]; facts: readonly Fact[] }>> {
  const shown: Tensor[] = [];
  const net: ControlNet = {
    hint: async (picture) => {
      shown.push(picture);
      return zeros([1, 1, 1, 1]);
    },
    tellTexts: async () => [],
    residuals: async () => [],
  };
  const job = stubJob({ controlNets: [net] }, { recipe: { ...recipe, controls }, inputs });
  const facts: Fact[] = [];
  const guiding = guide(job, beginning);
  for (let next = await guiding.next(); next.done !== true; next = await guiding.next())
    facts.push(next.value);
  return { shown, facts };
}

const latent = (width: number, height: number) =>
  ({ kind: "latent", latent: zeros([1, 4, height, width]), denoise: 1 }) as const;

/** Pixels from 0 to 1 in planes, as bytes in rows. */
const bytes = ({ dims, data }: Tensor): readonly number[] => {
  const [, , height = 0, width = 0] = dims;
  const plane = height * width;
  return Array.from({ length: 3 * plane }, (_, at) =>
    Math.round(255 * data[(at % 3) * plane + Math.floor(at / 3)]!),
  );
};

test("a picture fills the size that is asked for, and is brought to whole steps of the latent", async () => {
  const recipe = { ...smallRecipe, size: { width: 69, height: 64 } };
  const { shown, facts } = await shownFor(recipe, [patterned(200, 90)], latent(8, 8));
  expect(shown.map(({ dims }) => dims)).toEqual([[1, 3, 64, 64]]);
  expect(facts).toEqual([{ type: "progress", at: { stage: "preparing", image: 0 } }]);
  expect(Math.max(...shown[0]!.data)).toBeLessThanOrEqual(1);
});

test("what starts from a picture has said that it prepares, and has the size of its latent", async () => {
  const recipe: Recipe = { ...smallRecipe, source: { kind: "vary", picture: 0, working: 64, strength: 0.5 } };
  const { shown, facts } = await shownFor(recipe, [patterned(96, 80)], latent(12, 10));
  expect(shown.map(({ dims }) => dims)).toEqual([[1, 3, 80, 96]]);
  expect(bytes(shown[0]!)).toEqual([...patterned(96, 80).data]);
  expect(facts).toEqual([]);
});

const source: InpaintSource = {
  kind: "inpaint",
  picture: 0,
  mask: 1,
  grow: 0,
  invert: false,
  outpaint: { left: 16 },
  field: 0,
  strength: 1,
  startEmpty: false,
  working: 64,
  enlarge: { by: "lanczos", tell: false },
  show: "result",
};

test("where only a part is painted anew, a control image of the picture's size is continued and cut like it; another one fills", async () => {
  const picture = patterned(96, 80);
  const mask = { width: 96, height: 80, data: new Uint8Array(3 * 96 * 80) };
  const area = areaToDraw([picture, mask], source);
  const { part } = area;
  const working = { width: 64, height: 64 };
  expect(area.partOf(picture)).toEqual(part);
  expect(area.partOf(patterned(80, 96))).toBeUndefined();
  const alike = (other: Pixmap): Pixmap | undefined => {
    const own = area.partOf(other);
    return own && lanczosResize(own, working);
  };
  const recipe: Recipe = { ...smallRecipe, source };
  const { shown } = await shownFor(recipe, [picture, mask], { ...latent(8, 8), alike });
  expect(bytes(shown[0]!)).toEqual([...lanczosResize(part, working).data]);
  const other = crop(patterned(64, 64), { left: 0, top: 0, right: 64, bottom: 64 });
  const filling = await shownFor(recipe, [other, mask], { ...latent(8, 8), alike });
  expect(bytes(filling.shown[0]!)).toEqual([...other.data]);
});

test("each image prompt is looked at once, and what its adapter says of no picture is made once for all of them", async () => {
  const asked: string[] = [];
  const prompter = (name: string): ImagePrompter => {
    const says = (what: string): Promise<ImageKeys> => {
      asked.push(`${name} ${what}`);
      return Promise.resolve([]);
    };
    return { ofPicture: () => says("of a picture"), ofNothing: () => says("of nothing") };
  };
  const uses = [
    { kind: "image", picture: 0, net: 0, weight: 1, stop: 1 },
    { kind: "image", picture: 1, net: 0, weight: 1, stop: 1 },
    { kind: "face", picture: 0, net: 1, weight: 1, stop: 1 },
  ] as const;
  const recipe = { ...smallRecipe, controls: { ...controls, uses } };
  const inputs = [patterned(30, 20), patterned(20, 30)];
  const job = stubJob({ imagePrompts: [prompter("plus"), prompter("face")] }, { recipe, inputs });
  const guiding = guide(job, latent(8, 8));
  let next = await guiding.next();
  while (next.done !== true) next = await guiding.next();
  expect(next.value.kind === "guides" && next.value.guides.length).toBe(3);
  expect(asked).toEqual([
    "plus of a picture",
    "plus of nothing",
    "plus of a picture",
    "face of a picture",
    "face of nothing",
  ]);
});
