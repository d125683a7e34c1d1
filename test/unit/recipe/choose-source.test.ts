import { describe, expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import { goalsOf } from "#/recipe/goals.ts";
import type { Recipe, Size } from "#/recipe/recipe.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { plainParams, plainWorld } from "../../support/plain-request.ts";

const address = (digit: string): string => `http://127.0.0.1:7866/inputs/${digit.repeat(64)}.png`;
const slot = (digit: string) => ({ ...plainParams.controlnet_image[0]!, cn_img: address(digit) });

/** The pictures of the tests are of one size; `undefined` is one that nobody took in yet. */
const worldWith = (pictureSize: Size | undefined): World => ({
  ...plainWorld,
  loras: ["sdxl_lightning_4step_lora.safetensors"],
  pictureSize: () => pictureSize,
  upscalers: {
    files: ["fooocus_upscaler_s409985e5.bin"],
    rule: { named: "", without: "refuse" },
  },
});

function resolve(
  said: Partial<GenerateParams>,
  [width, height]: readonly [number, number] = [1024, 1024],
): ReturnType<typeof resolveRecipe> {
  const params = { ...plainParams, refiner_model_name: "None", uov_input_image: address("a"), ...said };
  return resolveRecipe(params, worldWith({ width, height }));
}

const made = (said: Partial<GenerateParams>, size?: readonly [number, number]): Recipe =>
  resolve(said, size).recipe;

function refusal(run: () => unknown) {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof RequestError)
      return { code: thrown.code, field: thrown.details.field, message: thrown.message };
    throw thrown;
  }
  return undefined;
}

const sizeOf = ({ size }: Recipe): string => `${size.width}x${size.height}`;
const upscaled = (factor: number, size: readonly [number, number]): Recipe =>
  made({ uov_method: "Upscale (Custom)", upscale_multiple: factor }, size);
const fast = (size: readonly [number, number]): Recipe => made({ uov_method: "Upscale (Fast 2x)" }, size);

describe("vary", () => {
  test("walks as much of the schedule as its method says, or the request", () => {
    expect(made({ uov_method: "Vary (Subtle)" }).source).toEqual({
      kind: "vary",
      picture: 0,
      working: 1024,
      strength: 0.5,
    });
    expect(made({ uov_method: "Vary (Strong)" }).source).toMatchObject({ strength: 0.85 });
    expect(made({ uov_method: "Vary (Strong)", overwrite_vary_strength: 0.3 }).source).toMatchObject({
      strength: 0.3,
    });
    expect(made({ uov_method: "Vary (Subtle)", overwrite_upscale_strength: 0.9 }).source).toMatchObject({
      strength: 0.5,
    });
    expect(made({ uov_method: "Vary (Subtle)" }).steps).toBe(30);
  });

  test("sizes are the picture's, brought to what the model draws well; the request's do not matter", () => {
    const sizes: readonly (readonly [number, number, string])[] = [
      [816, 1456, "816x1456"],
      [1003, 1001, "1000x1000"],
      [4000, 3000, "2304x1728"],
      [512, 512, "1024x1024"],
      [512, 768, "832x1216"],
      [1920, 1080, "1920x1080"],
    ];
    for (const [width, height, wanted] of sizes)
      expect([
        width,
        height,
        sizeOf(made({ uov_method: "Vary (Subtle)", aspect_ratios_selection: "704*1408" }, [width, height])),
      ]).toEqual([width, height, wanted]);
  });

  test("a picture too narrow for any size is refused, with its size", () => {
    for (const size of [
      [2000, 4],
      [1024, 1],
      [1500, 8],
    ] as const) {
      const told = refusal(() => resolve({ uov_method: "Vary (Subtle)" }, size));
      expect(told).toMatchObject({ code: "invalid-value", field: "uov_input_image" });
      expect(told?.message).toMatch(/too (narrow|small)|sides of 64 to 8192/);
    }
  });

  test("a picture that is too small for any size is told to be that, whatever its shape", () => {
    const small = { ...worldWith({ width: 1, height: 1 }), sidecar: () => ({ size_number: 256 }) };
    for (const uov_method of ["Vary (Strong)", "Upscale (Fast 2x)"] as const) {
      const params = {
        ...plainParams,
        refiner_model_name: "None",
        uov_input_image: address("a"),
        uov_method,
      };
      const told = refusal(() => resolveRecipe(params, small));
      expect(told?.message).toMatch(/^A picture of 1×1 pixels is too small: .* Send a larger one\.$/);
    }
    expect(refusal(() => resolve({ uov_method: "Vary (Strong)" }, [2, 1]))?.message).toContain("too small");
    const long = refusal(() => resolve({ uov_method: "Vary (Strong)" }, [2000, 4]));
    expect(long?.message).toMatch(/too narrow: .* Send less of its long side\.$/);
  });

  test("a checkpoint's own size number takes the place of SDXL's", () => {
    const params = {
      ...plainParams,
      refiner_model_name: "None",
      uov_input_image: address("a"),
      uov_method: "Vary (Subtle)",
    } as const;
    const world = { ...worldWith({ width: 100, height: 100 }), sidecar: () => ({ size_number: 256 }) };
    expect(sizeOf(resolveRecipe(params, world).recipe)).toBe("256x256");
  });
});

describe("upscale", () => {
  test("the factor is the method's, or any number between 1 and 5", () => {
    const factor = (said: Partial<GenerateParams>): unknown => made(said).source;
    expect(factor({ uov_method: "Upscale (1.5x)" })).toMatchObject({ factor: 1.5, direct: false });
    expect(factor({ uov_method: "Upscale (2x)" })).toMatchObject({ factor: 2, direct: false });
    expect(factor({ uov_method: "Upscale (Fast 2x)" })).toMatchObject({ factor: 2, direct: true });
    for (const upscale_multiple of [1, 1.2, 1.5, 2.2, 3.2, 5])
      expect(
        factor({ uov_method: "Upscale (Custom)", upscale_multiple, output_format: "png" }),
      ).toMatchObject({ factor: upscale_multiple });
  });

  test("true sizes: a small picture becomes as large as the model draws, others keep their odd sides", () => {
    expect(sizeOf(fast([256, 256]))).toBe("1024x1024");
    expect(sizeOf(fast([300, 500]))).toBe("768x1280");
    expect(sizeOf(fast([513, 513]))).toBe("1026x1026");
    expect(sizeOf(upscaled(2, [513, 513]))).toBe("1026x1026");
    expect(sizeOf(upscaled(2, [549, 699]))).toBe("1098x1398");
    expect(sizeOf(upscaled(1.5, [1001, 701]))).toBe("1501x1051");
  });

  test("above size number 2800 nothing is diffused, which is told, and there is one result", () => {
    expect(upscaled(2, [1376, 1376]).source).toMatchObject({ direct: false });
    const asked = { uov_method: "Upscale (2x)", image_number: 3 } as const;
    const { recipe, warnings } = resolve(asked, [1377, 1377]);
    expect(recipe).toMatchObject({ source: { direct: true }, steps: 0 });
    expect(recipe.images).toHaveLength(1);
    expect(warnings).toEqual([
      "The enlarged picture's size number is 2816; above 2800 nothing is diffused, as in Fooocus: it is enlarged by the upscaling network alone, and no prompt is used.",
      "What is enlarged without diffusion is one picture: image_number asked for 3.",
    ]);
    expect(resolve(asked, [1376, 1376]).recipe.images).toHaveLength(3);
  });

  test("the network that enlarges is a part of the recipe; without one it is refused, or done without", () => {
    const params = {
      ...plainParams,
      refiner_model_name: "None",
      uov_input_image: address("a"),
      uov_method: "Upscale (2x)",
    } as const;
    const found = resolveRecipe(params, worldWith({ width: 1024, height: 1024 }));
    expect(found.recipe.parts).toEqual([{ kind: "upscale_models", name: "fooocus_upscaler_s409985e5.bin" }]);
    expect(found.partFields).toEqual(["uov_method"]);
    const without = (rule: "refuse" | "lanczos") =>
      resolveRecipe(params, {
        ...worldWith({ width: 1024, height: 1024 }),
        upscalers: { files: [], rule: { named: "", without: rule } },
      });
    expect(refusal(() => without("refuse"))).toMatchObject({ code: "missing-model", field: "uov_method" });
    const { recipe, warnings } = without("lanczos");
    expect([recipe.parts, recipe.source]).toMatchObject([undefined, { by: "lanczos" }]);
    expect(warnings[0]).toStartWith("The picture was enlarged without a network");
  });

  test("each mode has its own number of steps for it, by which the refiner's switch is, too", () => {
    const steps = (said: Partial<GenerateParams>) => made({ uov_method: "Upscale (2x)", ...said }).steps;
    expect(steps({ performance_selection: "Quality" })).toBe(36);
    expect(steps({ performance_selection: "Speed" })).toBe(18);
    expect(steps({ performance_selection: "Lightning" })).toBe(4);
    expect(steps({ overwrite_step: 7 })).toBe(7);
    const refined = made({
      uov_method: "Upscale (2x)",
      refiner_swap_method: "separate",
      refiner_switch: 0.5,
    });
    expect(refined.refiner).toEqual({ name: null, swap: "separate", at: 9 });
  });

  test("diffused with little of the schedule, or as much as the request says", () => {
    expect(made({ uov_method: "Upscale (2x)" }).source).toMatchObject({ strength: 0.382 });
    expect(made({ uov_method: "Upscale (2x)", overwrite_upscale_strength: 0.6 }).source).toMatchObject({
      strength: 0.6,
    });
  });

  test("what is too large is refused with the limit, before anything is made of it", () => {
    const told = refusal(() =>
      resolve({ uov_method: "Upscale (Custom)", upscale_multiple: 3 }, [4000, 3000]),
    );
    expect(told).toMatchObject({ code: "too-large", field: "uov_input_image" });
    expect(told?.message).toContain("12000×9000 pixels, 108000000 in all; 100000000 is the limit");
    expect(sizeOf(made({ uov_method: "Upscale (2x)" }, [4000, 3000]))).toBe("8000x6000");
    const webp = { uov_method: "Upscale (Fast 2x)", output_format: "webp" } as const;
    expect(refusal(() => resolve(webp, [9000, 1000]))).toMatchObject({ field: "output_format" });
    expect(sizeOf(made({ ...webp, output_format: "png" }, [9000, 1000]))).toBe("18000x2000");
  });

  test("a strength that asks for too long a table is refused, with the least there is", () => {
    const told = refusal(() => resolve({ uov_method: "Vary (Subtle)", overwrite_vary_strength: 1e-9 }));
    expect(told).toMatchObject({ code: "invalid-value", field: "overwrite_vary_strength" });
    expect(told?.message).toContain("0.0003 is the least");
  });

  test("a schedule with few levels cannot start late in many steps, which is told", () => {
    const { warnings } = resolve({
      uov_method: "Upscale (2x)",
      scheduler_name: "turbo",
      sampler_name: "euler",
    });
    expect(warnings).toEqual([
      "turbo with euler makes 10 steps in all: the last 10 of them are made where 18 were asked for, as if the strength was 1.00. Ask for 3 or fewer (overwrite_step), or for another scheduler_name.",
    ]);
    expect(
      resolve({
        uov_method: "Upscale (2x)",
        scheduler_name: "turbo",
        sampler_name: "euler",
        overwrite_step: 3,
      }).warnings,
    ).toEqual([]);
  });
});

test("of a picture that was not taken in yet nothing is decided that depends on its size", () => {
  const params = {
    ...plainParams,
    refiner_model_name: "None",
    uov_input_image: "data:image/png;base64,AA==",
    uov_method: "Upscale (2x)",
    image_number: 2,
  } as const;
  const { recipe, warnings } = resolveRecipe(params, worldWith(undefined));
  expect([recipe.source, recipe.images.length, warnings]).toMatchObject([{ direct: false }, 2, []]);
});

describe("goals, by the tab that the pictures choose", () => {
  const uov = { uov_input_image: address("a"), uov_method: "Vary (Subtle)" } as const;
  const inpaint: Partial<GenerateParams> = {
    inpaint_input_image: address("b"),
    outpaint_selections: ["Left"],
  };
  const goals = (said: Partial<GenerateParams>) => goalsOf({ ...plainParams, ...said });

  test("a picture to vary comes before one to paint in, and a method that is Disabled is none", () => {
    expect(goals(uov)).toEqual({ uov: true, inpaint: false });
    expect(goals({ ...uov, ...inpaint })).toEqual({ uov: true, inpaint: false });
    expect(goals(inpaint)).toEqual({ uov: false, inpaint: true });
    expect(goals({ ...uov, uov_method: "Disabled" })).toEqual({ uov: false, inpaint: false });
  });

  test("behind a control picture the switches decide, and painting anew wins over both", () => {
    const control = { controlnet_image: [slot("c")] };
    expect(goals({ ...control, ...uov, ...inpaint })).toEqual({ uov: false, inpaint: false });
    const withUov = { ...control, ...uov, ...inpaint, mixing_image_prompt_and_vary_upscale: true };
    expect(goals(withUov)).toEqual({ uov: true, inpaint: false });
    expect(goals({ ...withUov, mixing_image_prompt_and_inpaint: true })).toEqual({
      uov: false,
      inpaint: true,
    });
  });

  test("an enhanced picture comes first, and a picture without a place to paint is none to paint in", () => {
    expect(goals({ ...uov, enhance_input_image: address("d") })).toEqual({ uov: false, inpaint: false });
    expect(goals({ ...inpaint, outpaint_selections: [] })).toEqual({ uov: false, inpaint: false });
    expect(goals({ ...inpaint, outpaint_selections: [], inpaint_mask_image_upload: address("e") })).toEqual({
      uov: false,
      inpaint: true,
    });
  });
});
