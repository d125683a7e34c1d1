import { expect, test } from "bun:test";
import { RequestError } from "#/lib/errors.ts";
import { alwaysChecked } from "#/recipe/always-checked.ts";
import { chooseSafety } from "#/recipe/choose-safety.ts";
import type { InpaintSource } from "#/recipe/recipe.ts";
import { resolveRecipe } from "#/recipe/resolve.ts";
import { plainParams, plainWorld } from "../../support/plain-request.ts";

const plain = { source: { kind: "noise" }, controls: undefined } as const;
const file = "stable-diffusion-safety-checker.bin";

function refusal(shown: Parameters<typeof chooseSafety>[1], there: string | undefined): RequestError {
  try {
    chooseSafety({ black_out_nsfw: true }, shown, there);
  } catch (thrown) {
    if (thrown instanceof RequestError) return thrown;
    throw thrown;
  }
  throw new Error("it was taken");
}

test("who asks for it names its file, who does not needs none", () => {
  expect(chooseSafety({ black_out_nsfw: false }, plain, undefined)).toEqual([]);
  expect(chooseSafety({ black_out_nsfw: true }, plain, file)).toEqual([
    { kind: "safety_checker", name: file, field: "black_out_nsfw" },
  ]);
});

test("without its file the request is refused with name, size, folder and source", () => {
  const { code, message } = refusal(plain, undefined);
  expect(code).toBe("missing-model");
  for (const part of [file, "1.2 GB", "models/safety_checker", "https://"]) expect(message).toContain(part);
});

test("what shows preparations is refused with it, by the field that asks for them", () => {
  const source = { kind: "inpaint", show: "preparation" } as InpaintSource;
  expect(refusal({ source, controls: undefined }, file).details["field"]).toBe(
    "debugging_inpaint_preprocessor",
  );
  const controls = {
    uses: [],
    show: "preparation",
    softness: 0,
    prepare: true,
    canny: { low: 1, high: 2 },
  } as const;
  expect(refusal({ ...plain, controls }, file).details["field"]).toBe("debugging_cn_preprocessor");
});

test("a server that checks every picture is not talked out of it, and says so", () => {
  const params = { ...plainParams, black_out_nsfw: false };
  const { params: meant, warnings } = alwaysChecked(params, { black_out_nsfw: true });
  expect(meant.black_out_nsfw).toBe(true);
  expect(warnings.join()).toContain("black_out_nsfw stays on");
  expect(alwaysChecked(params, { black_out_nsfw: false })).toEqual({ params, warnings: [] });
  expect(alwaysChecked(meant, { black_out_nsfw: true }).warnings).toEqual([]);
});

test("a recipe that is checked has the file among its parts, and makes no previews", () => {
  const { recipe, partFields } = resolveRecipe(
    { ...plainParams, black_out_nsfw: true },
    { ...plainWorld, safetyFile: file },
  );
  expect([recipe.checked, recipe.previews]).toEqual([true, null]);
  expect(recipe.parts).toEqual([{ kind: "safety_checker", name: file }]);
  expect(partFields).toEqual(["black_out_nsfw"]);
  expect(resolveRecipe(plainParams, plainWorld).recipe).not.toHaveProperty("checked");
});

test("passes of an enhancement are checked as well, and their masks are not shown", () => {
  const asked = { ...plainParams, enhance_checkbox: true, enhance_uov_method: "Vary (Subtle)" as const };
  const world = { ...plainWorld, safetyFile: file };
  const { recipe } = resolveRecipe({ ...asked, black_out_nsfw: true }, world);
  const runs = recipe.enhance?.pictures.flatMap(({ passes }) => passes.map(({ run }) => run)) ?? [];
  expect(runs.length).toBeGreaterThan(0);
  for (const { checked, parts } of runs) {
    expect(checked).toBe(true);
    expect(parts).toContainEqual({ kind: "safety_checker", name: file });
  }
  const shown = { ...asked, black_out_nsfw: true, debugging_enhance_masks_checkbox: true };
  const { recipe: unshown, warnings } = resolveRecipe(shown, world);
  expect(unshown.enhance?.showMasks).toBe(false);
  expect(warnings.join()).toContain("debugging_enhance_masks_checkbox took no part");
});
