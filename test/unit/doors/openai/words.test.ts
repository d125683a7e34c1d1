import { describe, expect, test } from "bun:test";
import { inTheseWords } from "#/doors/openai/api/other-words.ts";
import { askedPerformance, qualityOf } from "#/doors/openai/api/performance.ts";
import { pictureForm } from "#/doors/openai/api/picture-form.ts";
import { askedSize } from "#/doors/openai/api/size.ts";
import { modelNamed } from "#/doors/openai/model-named.ts";
import { PartialPictures, partialSteps } from "#/doors/openai/partial-pictures.ts";

describe("sizes", () => {
  test("auto leaves it to the server, and what can be drawn is taken as it is", () => {
    expect(["auto", " AUTO ", ""].map(askedSize)).toEqual([undefined, undefined, undefined]);
    expect(["1024x1536", "64X64", "4096 x 72"].map(askedSize)).toEqual(["1024*1536", "64*64", "4096*72"]);
  });

  test("what cannot be drawn is refused with the nearest size that can", () => {
    const refusal = (size: string) => {
      try {
        return askedSize(size);
      } catch (thrown) {
        return String(thrown).replace(/.*[.;:] /s, "");
      }
    };
    expect(refusal("1000x1001")).toBe("The nearest one is 1000x1000.");
    expect(refusal("1x9999")).toBe("The nearest one is 64x4096.");
    for (const text of ["1024", "x", "1024x", "-64x64", "64x64x64", "6.4e1x64", "large"])
      expect(refusal(text)).toBe("write auto, or WIDTHxHEIGHT in pixels, for example 1024x1024.");
  });
});

describe("quality", () => {
  const all = () => true;
  test("each means a performance, of which low is the best fast one that is here", () => {
    const means = (quality: "auto" | "low" | "medium" | "high" | "xhigh" | "max" | "standard" | "hd") =>
      askedPerformance({ quality }, all).performance;
    expect(["medium", "standard"].map((quality) => means(quality as "medium"))).toEqual(["Speed", "Speed"]);
    for (const quality of ["high", "hd", "xhigh", "max"] as const) expect(means(quality)).toBe("Quality");
    expect([means("auto"), means("low")]).toEqual([undefined, "Lightning"]);
    expect(askedPerformance({ quality: "low" }, (name) => name === "Extreme Speed").performance).toBe(
      "Extreme Speed",
    );
  });

  test("without any of them it is Speed, which is told; and an own performance comes first, which is told too", () => {
    const slow = askedPerformance({ quality: "low" }, () => false);
    expect([slow.performance, slow.warnings.length]).toEqual(["Speed", 1]);
    const named = askedPerformance({ quality: "high", performance: "Hyper-SD" }, all);
    expect(named).toEqual({
      performance: "Hyper-SD",
      warnings: ["quality high was not used: performance comes first."],
    });
    expect(askedPerformance({ quality: "auto", performance: "Speed" }, all).warnings).toEqual([]);
  });

  test("an answer says it in OpenAI's words", () => {
    expect(["Quality", "Speed", "Lightning"].map(qualityOf)).toEqual(["high", "medium", "low"]);
  });
});

test("partial pictures are spread evenly over the steps, and none is the last", () => {
  expect([partialSteps(30, 3), partialSteps(60, 1), partialSteps(4, 3)]).toEqual([
    [8, 15, 23],
    [30],
    [1, 2, 3],
  ]);
  expect([partialSteps(2, 3), partialSteps(1, 3), partialSteps(0, 3), partialSteps(30, 0)]).toEqual([
    [1],
    [],
    [],
    [],
  ]);
});

test("previews that are due are numbered from 0 for each picture; those that nobody saw are made up for by the next", () => {
  const pictures = new PartialPictures(3);
  const seen = (image: number, steps: readonly number[]) =>
    steps.map((step) => pictures.due(image, step, 30));
  expect(seen(0, [1, 8, 9, 15, 22, 23, 29, 30])).toEqual([
    undefined,
    0,
    undefined,
    1,
    undefined,
    2,
    undefined,
    undefined,
  ]);
  expect(seen(1, [7, 16, 17, 30])).toEqual([undefined, 0, undefined, undefined]);
  expect(new PartialPictures(0).due(0, 15, 30)).toBeUndefined();
});

test("a quality of JPEG is the answer's: the picture is kept without loss, and has no address then", () => {
  expect(pictureForm({ output_format: "jpeg", output_compression: 0 })).toEqual({
    form: { url: false, data: true, format: "jpeg", quality: 1, kept: "png" },
    warnings: [],
  });
  expect(pictureForm({}).form).toEqual({ url: false, data: true, format: "png", kept: "png" });
  expect(pictureForm({ model: "dall-e-3" }).form).toMatchObject({ url: true, data: false });
  expect(pictureForm({ model: "dall-e-3", response_format: "b64_json" }).form).toMatchObject({ url: false });
  expect(pictureForm({ response_format: "url", stream: true }).form).toMatchObject({ url: true, data: true });
  expect(pictureForm({ output_compression: 5 }).warnings).toEqual([
    "output_compression 5 was not used: PNG loses nothing.",
  ]);
  const byUrl = pictureForm({ output_format: "webp", output_compression: 5, response_format: "url" });
  expect([byUrl.form.kept, byUrl.warnings.length]).toEqual(["webp", 1]);
});

test("sentences of the house have this door's names of fields", () => {
  expect(
    inTheseWords("inpaint_input_image took no part: nothing of inpaint_mask_image_upload is white"),
  ).toBe("image took no part: nothing of mask is white");
  expect(inTheseWords("controlnet_image.1.cn_type: overwrite_step")).toBe("image.2: steps");
  expect(inTheseWords("no_image_number image_numbers")).toBe("no_image_number image_numbers");
});

test("a model is named by its file, with or without the kind", () => {
  const names = ["sub/a.safetensors", "b.ckpt", "b"];
  expect(["sub/a", "b.ckpt", "b", "c", ""].map((name) => modelNamed(name, names))).toEqual([
    "sub/a.safetensors",
    "b.ckpt",
    "b",
    undefined,
    undefined,
  ]);
});
