import { expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import {
  adapterFileNames,
  controlFileNames,
  demoControlFiles,
  faceDetectorName,
  negativeFileName,
  towerFileName,
} from "#/catalog/control-files.ts";
import { RequestError } from "#/lib/errors.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { plainParams, plainWorld } from "../../support/plain-request.ts";

type Slot = GenerateParams["controlnet_image"][number];
const slot = (digit: string, said: Partial<Slot> = {}): Slot => ({
  cn_img: `http://a.test/inputs/${digit.repeat(64)}.png`,
  cn_stop: 0.5,
  cn_weight: 0.6,
  cn_type: "ImagePrompt",
  ...said,
});

const [plus, plusWithoutPickle] = adapterFileNames.image;
const noTower = { there: [], ofWidth: () => undefined };
const world: World = {
  ...plainWorld,
  controlFiles: [...Object.values(controlFileNames), plus, negativeFileName],
  towers: { ...noTower, there: [towerFileName] },
};
const resolved = (controlnet_image: Slot[], there = world, more: Partial<GenerateParams> = {}) =>
  resolveRecipe({ ...plainParams, refiner_model_name: "None", controlnet_image, ...more }, there);

function refusal(slots: Slot[], there: World, more: Partial<GenerateParams> = {}): RequestError {
  try {
    resolved(slots, there, more);
  } catch (thrown) {
    if (thrown instanceof RequestError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
}

test("an adapter with its tower and its negative tokens, once for all pictures of its kind, behind the ControlNets", () => {
  const { recipe, partFields, inputFields, warnings } = resolved([
    slot("a"),
    slot("b", { cn_type: "CPDS", cn_weight: 1 }),
    slot("c", { cn_weight: 1.5, cn_stop: 1 }),
  ]);
  expect(recipe.controls?.uses).toEqual([
    { kind: "cpds", picture: 1, net: 0, weight: 1, stop: 0.5 },
    { kind: "image", picture: 0, net: 0, weight: 0.6, stop: 0.5 },
    { kind: "image", picture: 2, net: 0, weight: 1.5, stop: 1 },
  ]);
  expect(recipe.parts).toEqual([
    { kind: "controlnet", name: controlFileNames.cpds },
    { kind: "ip_adapter", name: plus },
    { kind: "clip_vision", name: towerFileName },
    { kind: "ip_negative", name: negativeFileName },
  ]);
  expect(partFields).toEqual([1, 0, 0, 0].map((at) => `controlnet_image.${at}.cn_type`));
  expect(inputFields.length).toBe(3);
  expect(warnings).toEqual([]);
});

test("the file as it is published without a pickle serves too, where the other is not there", () => {
  const there = { ...world, controlFiles: [plusWithoutPickle, negativeFileName] };
  expect(resolved([slot("a")], there).recipe.parts?.[0]).toEqual({
    kind: "ip_adapter",
    name: plusWithoutPickle,
  });
});

test("all that is missing is refused at once: name, size, folder, and where each comes from", () => {
  const { code, message, details } = refusal([slot("a")], { ...plainWorld, towers: noTower });
  expect(code).toBe("missing-model");
  expect(details).toEqual({ field: "controlnet_image.0.cn_type", value: "ImagePrompt", name: plus });
  const site = "https://huggingface.co/lllyasviel/misc/resolve/main";
  expect(message).toBe(
    `ImagePrompt needs ${plus} (1.01 GB) in models/controlnet, ${towerFileName} (1.97 GB) in models/clip_vision and ${negativeFileName} (66 kB) in models/controlnet, which are not there. ` +
      `Get them from ${site}/${plus}, ${site}/${towerFileName} and ${site}/${negativeFileName}, or leave this control image out.`,
  );
  const lacking = { ...world, controlFiles: [plus] };
  expect(refusal([slot("a")], lacking).message).toStartWith(
    `ImagePrompt needs ${negativeFileName} (66 kB) in models/controlnet, which is not there. Get it from`,
  );
});

test("a tower of another name and the same width reads the pictures, which is told; one of another width does not", () => {
  const asked: number[] = [];
  const other = {
    there: [],
    ofWidth: (width: number) => {
      asked.push(width);
      return "image_encoder/model.safetensors";
    },
  };
  const { recipe, warnings } = resolved([slot("a"), slot("b")], { ...world, towers: other });
  expect(recipe.parts?.[1]).toEqual({ kind: "clip_vision", name: "image_encoder/model.safetensors" });
  expect(warnings).toEqual([
    `Pictures of image prompts were read by image_encoder/model.safetensors, a vision tower of the same width: ${towerFileName} is not in models/clip_vision.`,
  ]);
  expect(new Set(asked)).toEqual(new Set([1280]));
  expect(refusal([slot("a")], { ...world, towers: noTower }).message).toContain(`${towerFileName} (1.97 GB)`);
});

test("weight 0 and stop 0 need no file and leave no trace in the recipe", () => {
  const off = [slot("a", { cn_weight: 0 }), slot("b", { cn_stop: 0 })];
  expect(resolved(off, plainWorld).recipe).toEqual(resolved([], plainWorld).recipe);
});

test("preparations are shown in Fooocus' order, without files", () => {
  const all = [slot("a"), slot("b", { cn_type: "CPDS" }), slot("c", { cn_type: "PyraCanny" })];
  const { recipe } = resolved(all, plainWorld, { debugging_cn_preprocessor: true });
  expect(recipe.controls?.uses.map(({ kind, picture }) => [kind, picture])).toEqual([
    ["canny", 2],
    ["cpds", 1],
    ["image", 0],
  ]);
  expect([recipe.steps, recipe.parts]).toEqual([0, undefined]);
});

const [face] = adapterFileNames.face;
const withFaces: World = { ...world, controlFiles: [...(world.controlFiles ?? []), face, faceDetectorName] };

test("a face has an adapter of its own, with a tower at its place, and what finds it; both kinds share the negative tokens", () => {
  const { recipe, partFields } = resolved([slot("a", { cn_type: "FaceSwap" }), slot("b")], withFaces);
  expect(recipe.controls?.uses.map(({ kind, picture, net }) => [kind, picture, net])).toEqual([
    ["image", 1, 0],
    ["face", 0, 1],
  ]);
  expect(recipe.parts).toEqual([
    { kind: "ip_adapter", name: plus },
    { kind: "clip_vision", name: towerFileName },
    { kind: "ip_negative", name: negativeFileName },
    { kind: "ip_adapter", name: face },
    { kind: "clip_vision", name: towerFileName },
    { kind: "face_detector", name: faceDetectorName },
  ]);
  expect(partFields).toEqual([1, 1, 1, 0, 0, 0].map((at) => `controlnet_image.${at}.cn_type`));
});

test("what finds faces is needed where they are looked for, also to be shown, and not where a face is what is sent", () => {
  const slots = [slot("a", { cn_type: "FaceSwap" })];
  const without = { ...world, controlFiles: [face, negativeFileName] };
  expect(refusal(slots, without).message).toStartWith(
    `FaceSwap needs ${faceDetectorName} (109 MB) in models/controlnet, which is not there. Get it from https://github.com/xinntao/facexlib/`,
  );
  const shown = { debugging_cn_preprocessor: true };
  expect(refusal(slots, plainWorld, shown).message).toContain(`FaceSwap needs ${faceDetectorName} (109 MB)`);
  expect(resolved(slots, withFaces, shown).recipe.parts).toEqual([
    { kind: "face_detector", name: faceDetectorName },
  ]);
  const given = resolved(slots, without, { skipping_cn_preprocessor: true }).recipe;
  expect(given.parts?.map(({ kind }) => kind)).toEqual(["ip_adapter", "clip_vision", "ip_negative"]);
  expect(given.controls?.prepare).toBe(false);
});

const demo = "fooocusd-demo.safetensors";
const both: World = {
  ...world,
  checkpoints: [demo, "base.safetensors"],
  controlFiles: [...(world.controlFiles ?? []), demoControlFiles.canny, demoControlFiles.image],
  towers: { ...noTower, there: [towerFileName, demoControlFiles.tower] },
};

test("the demo checkpoint is guided by the demo's files, and by no others", () => {
  const slots = [slot("a"), slot("b", { cn_type: "PyraCanny" })];
  const { recipe, warnings } = resolved(slots, both, { base_model_name: demo });
  expect(recipe.parts).toEqual([
    { kind: "controlnet", name: demoControlFiles.canny },
    { kind: "ip_adapter", name: demoControlFiles.image },
    { kind: "clip_vision", name: demoControlFiles.tower },
  ]);
  expect(warnings).toEqual([]);
  for (const [cn_type, there] of [
    ["CPDS", both],
    ["ImagePrompt", { ...world, checkpoints: [demo] }],
    ["PyraCanny", { ...world, checkpoints: [demo] }],
  ] as const) {
    const { code, message } = refusal([slot("a", { cn_type })], there, { base_model_name: demo });
    expect(code).toBe("missing-model");
    expect(message).toContain(`There is nothing by which ${demo} could be guided by ${cn_type}`);
  }
});

test("any other checkpoint is never guided by the demo's files", () => {
  const names = (there: World) => resolved([slot("a")], there).recipe.parts?.map(({ name }) => name);
  expect(names(both)).toEqual([plus, towerFileName, negativeFileName]);
  const onlyDemo = {
    ...both,
    controlFiles: [demoControlFiles.canny, demoControlFiles.image],
    towers: { ...noTower, there: [demoControlFiles.tower] },
  };
  expect(refusal([slot("a")], onlyDemo).message).toContain(plus);
  expect(refusal([slot("a", { cn_type: "PyraCanny" })], onlyDemo).message).toContain(controlFileNames.canny);
});
