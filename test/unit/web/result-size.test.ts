import { expect, test } from "bun:test";
import fc from "fast-check";
import { RequestError } from "#/lib/errors.ts";
import { chooseSource } from "#/recipe/choose-source.ts";
import { extensionsOf, outpaintRegion } from "#/web/dashboard/source/outpaint-region.ts";
import { foreseen } from "#/web/dashboard/source/result-size.ts";
import { emptySource, type Method, methods, type SourceDraft } from "#/web/dashboard/source/source-draft.ts";
import { plainParams } from "../../support/plain-request.ts";

const draft = (width: number, height: number, part: Partial<SourceDraft>): SourceDraft => ({
  ...emptySource,
  ...part,
  picture: { name: "a.png", width, height, shown: "", sent: { address: "" } },
});
const sides = { Left: null, Top: null, Right: null, Bottom: null };

/** Sizes of the specification of Fooocus' picture modes: width, height, then what comes of it. */
test.each<[Method, readonly number[], readonly number[], boolean]>([
  ["Upscale (Fast 2x)", [256, 256], [1024, 1024], true],
  ["Upscale (Fast 2x)", [513, 513], [1026, 1026], true],
  ["Upscale (2x)", [300, 500], [768, 1280], false],
  ["Upscale (2x)", [513, 513], [1026, 1026], false],
  ["Upscale (2x)", [549, 699], [1098, 1398], false],
  ["Upscale (2x)", [1376, 1376], [2752, 2752], false],
  ["Upscale (2x)", [1377, 1377], [2754, 2754], true],
  ["Vary (Subtle)", [816, 1456], [816, 1456], false],
  ["Vary (Strong)", [1003, 1001], [1000, 1000], false],
  ["Vary (Subtle)", [4000, 3000], [2304, 1728], false],
])("%s of %p makes %p", (method, [width = 0, height = 0], [w = 0, h = 0], direct) => {
  expect(foreseen(draft(width, height, { method }), 1024)).toEqual({ size: { width: w, height: h }, direct });
});

/** The size of the server's recipe; undefined where it refuses. */
function recipeSize(
  method: Method,
  multiple: number,
  { width, height, working }: Record<"width" | "height" | "working", number>,
) {
  const name = "a";
  const params = {
    ...plainParams,
    uov_method: method,
    upscale_multiple: multiple,
    uov_input_image: "http://a.test/inputs/a.png",
  };
  try {
    return chooseSource(params, [{ field: "uov_input_image", name }], {
      pictureSize: () => ({ width, height }),
      working,
      usual: working,
      upscaler: () => ({ by: "lanczos", warning: "" }),
    }).size;
  } catch (thrown) {
    if (thrown instanceof RequestError) return undefined;
    throw thrown;
  }
}

test("what is told of any picture is what the recipe makes of it", () => {
  const side = fc.integer({ min: 20, max: 1500 });
  const of = fc.record({ width: side, height: side, working: fc.constantFrom(256, 1024) });
  const factor = fc.integer({ min: 100, max: 500 }).map((percent) => percent / 100);
  fc.assert(
    fc.property(fc.constantFrom(...methods.slice(1)), factor, of, (method, multiple, picture) => {
      const made = recipeSize(method, multiple, picture);
      fc.pre(made !== undefined);
      const told = foreseen(draft(picture.width, picture.height, { method, multiple }), picture.working);
      expect(told?.size).toEqual(made);
    }),
  );
});

test("a factor of one's own is used as it is", () => {
  const { size } = foreseen(draft(800, 800, { method: "Upscale (Custom)", multiple: 2.2 }), 1024) ?? {};
  expect(size).toEqual({ width: 1760, height: 1760 });
});

test("a picture that is too narrow has no size, one that takes no part has none either", () => {
  expect(foreseen(draft(2000, 4, {}), 1024)).toBeUndefined();
  expect(foreseen(draft(1024, 1, {}), 1024)).toBeUndefined();
  // More than 100 times as long as wide: the server refuses it, whatever it is for.
  for (const part of [{}, { method: "Upscale (2x)" }, { tab: "inpaint" }] as const) {
    expect(foreseen(draft(2020, 20, part), 256)).toBeUndefined();
    expect(foreseen(draft(2000, 20, part), 256)).toBeDefined();
  }
  expect(foreseen(draft(100, 100, { method: "Disabled" }), 1024)).toBeUndefined();
  expect(foreseen(emptySource, 1024)).toBeUndefined();
});

test("an inpainted picture keeps its size; an extended one has what it got", () => {
  const inpaint = (part: Partial<SourceDraft>) =>
    foreseen(draft(101, 77, { tab: "inpaint", ...part }), 1024)?.size;
  expect(inpaint({})).toEqual({ width: 101, height: 77 });
  expect(inpaint({ extensions: { Left: "", Top: "", Right: "", Bottom: "" } })).toEqual({
    width: 161,
    height: 123,
  });
  expect(inpaint({ extensions: { ...sides, Left: "" } })).toEqual({ width: 131, height: 77 });
  expect(inpaint({ extensions: { ...sides, Top: "7", Right: "12" } })).toEqual({ width: 113, height: 84 });
});

test("the frame begins where the picture was extended", () => {
  const region = outpaintRegion({ width: 100, height: 50 }, { ...sides, Left: "10", Bottom: "5" });
  expect(region).toEqual({ left: -10, top: 0, width: 110, height: 55 });
});

test("sides of a record come back as they were typed", () => {
  expect(extensionsOf(["Left", "Bottom"], [30, 50, 0, 0])).toEqual({
    Left: "30",
    Top: null,
    Right: null,
    Bottom: "",
  });
  expect(extensionsOf("Left", undefined)).toEqual(sides);
});

test("a checkpoint that draws smaller pictures brings them to that", () => {
  expect(foreseen(draft(100, 100, {}), 256)?.size).toEqual({ width: 256, height: 256 });
  expect(foreseen(draft(1000, 500, {}), 256)?.size).toEqual({ width: 640, height: 320 });
  expect(foreseen(draft(400, 400, { method: "Upscale (2x)" }), 256)).toEqual({
    size: { width: 800, height: 800 },
    direct: true,
  });
});
