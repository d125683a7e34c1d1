import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Box } from "#/image/operations/crop.ts";
import { networks } from "#/networks/index.ts";
import { boxesMask } from "#/pipeline/masks/boxes.ts";
import { detect } from "#/pipeline/masks/detect.ts";
import { makeMask } from "#/pipeline/masks/make-mask.ts";
import { openDetector, openSegmenter } from "#/pipeline/masks/open-detection.ts";
import { segment } from "#/pipeline/masks/segment.ts";
import { createBertTokenizer } from "#/pipeline/text/bert-tokenizer.ts";
import { detectionText, detectionTokens } from "#/pipeline/text/detection-text.ts";
import type { DetectionMaking } from "#/recipe/mask-making.ts";
import { openNetworks } from "#/runtime/models.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { packedModel } from "../support/packed-model.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Against transformers' GroundingDINO in float32 (scripts/golden/detect.py); the tolerance is that of networks.test.ts.
 */
const tolerance = 1e-4;

setDefaultTimeout(120_000);

const golden = goldenTensors("detect.safetensors");
const detector = packedModel("detector-tiny.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());
const { ask } = openNetworks(
  { base: await tinyCheckpoint(), loras: [], detector },
  { clipSkip: 2 },
  workshop,
);

const whole = ({ dims, data }: Tensor) => ({ dims, data: BigInt64Array.from(data, BigInt) });

for (const name of ["small", "tall", "wide"])
  test(`a ${name} picture and its text: words and boxes`, async () => {
    const bytes = golden(`${name}.bytes`);
    const mask = golden(`${name}.mask`);
    const [height = 0, width = 0] = mask.dims;
    const found = await ask(networks["grounding-dino"], {
      picture: { dims: bytes.dims, data: bytes.data.map((value) => (value - 128) / 64) },
      ids: whole(golden(`${name}.ids`)),
      positions: whole(golden(`${name}.positions`)),
      mask: { dims: [1, 1, height, width], data: mask.data.map((value) => (value === 1 ? 0 : -1e4)) },
    });
    expectNear(found.logits, golden(`${name}.logits`), tolerance);
    expectNear(found.boxes, golden(`${name}.boxes`), tolerance);
  });

test("texts become transformers' tokens, whatever is written in them", async () => {
  const tokenize = createBertTokenizer();
  const cases: { text: string; ids: number[] }[] = await Bun.file(goldenPath("detect.json")).json();
  for (const { text, ids } of cases)
    expect([text, [101, ...tokenize(text.toLowerCase()), 102]]).toEqual([text, ids]);
  expect(cases.length).toBeGreaterThan(10);
});

test("tokens see what stands between the same stops, and are counted from there", () => {
  for (const name of ["small", "tall", "wide"]) {
    const ids = [...golden(`${name}.ids`).data];
    const text = detectionText(ids);
    expect([...text.positions]).toEqual([...golden(`${name}.positions`).data]);
    expect(Array.from(text.mask, (value): number => (value === 0 ? 1 : 0))).toEqual([
      ...golden(`${name}.mask`).data,
    ]);
  }
  const tokenize = createBertTokenizer();
  expect(detectionTokens("  Face ", tokenize)).toEqual(detectionTokens("face.", tokenize));
  expect(detectionTokens("face . hand", tokenize)).toEqual([101, 2227, 1012, 2192, 1012, 102]);
});

/** The models folder of a server that has both networks, small ones. */
function modelRoot(): string {
  const root = join(workshop.folder, "models");
  for (const [folder, name, packed] of [
    ["inpaint", "groundingdino_swint_ogc", "detector-tiny.safetensors"],
    ["sam", "sam_vit_b_01ec64", "sam-tiny.safetensors"],
  ] as const) {
    mkdirSync(join(root, folder), { recursive: true });
    copyFileSync(packedModel(packed), join(root, folder, `${name}.safetensors`));
  }
  return root;
}

const roots = [modelRoot()];
const makers = {
  detector: async () => openDetector(roots, workshop),
  segmenter: async () => openSegmenter(roots, "vit_b", workshop),
  foreign: () => {
    throw new Error("no foreign network is asked");
  },
};
const pictureOf = (key: string) => {
  const { dims, data } = golden(key);
  return { width: dims[1] ?? 0, height: dims[0] ?? 0, data: Uint8Array.from(data) };
};
const sidesOf = ({ left, top, right, bottom }: Box) => [left, top, right, bottom];

const runs = [
  { name: "run.wide", prompt: "A red fox . grass", boxThreshold: 0.047, boxes: 6 },
  { name: "run.tall", prompt: " face.", boxThreshold: 0.04, boxes: 4 },
] as const;

for (const { name, prompt, boxThreshold, boxes } of runs)
  test(`${name}: the boxes that transformers finds in the picture, the surest first, and their outlines`, async () => {
    const picture = pictureOf(`${name}.picture`);
    // At the size at which pictures are shown one answer takes seconds: it is asked for once.
    const detector = await makers.detector();
    let answer: ReturnType<typeof detector.find> | undefined;
    const once = {
      ...makers,
      detector: async () => ({
        ...detector,
        find: (...asked: Parameters<typeof detector.find>) => (answer ??= detector.find(...asked)),
      }),
    };
    const found = await detect(picture, { prompt, boxThreshold }, await once.detector());
    const expected = golden(`${name}.boxes`);
    const sides = { dims: [found.length, 4], data: Float32Array.from(found.flatMap(sidesOf)) };
    expect(expected.dims).toEqual([boxes, 4]);
    expectNear(sides, expected, tolerance);

    const making: DetectionMaking = {
      by: "detection",
      sam: "vit_b",
      prompt,
      boxThreshold,
      textThreshold: 0.25,
      most: 2,
      growBoxes: 0,
      show: "mask",
    };
    const made = await makeMask(picture, making, once);
    expect(made.found).toBe(2);
    expect(made.mask).toEqual(await segment(picture, found.slice(0, 2), await makers.segmenter()));
    expect(new Set(made.mask.data).size).toBe(2);
    expect((await makeMask(picture, { ...making, most: 0 }, once)).found).toBe(boxes);
    const shown = await makeMask(picture, { ...making, show: "boxes" }, once);
    expect(shown).toEqual({ mask: boxesMask(found, picture), found: boxes });
    const none = await makeMask(picture, { ...making, boxThreshold: 0.99 }, once);
    expect([none.found, none.mask.data.includes(255)]).toEqual([0, false]);
  });

test("what is too long to be read, and a picture with nothing beside its length, are refused", async () => {
  const picture = pictureOf("run.tall.picture");
  const long = { prompt: "fox ".repeat(255), boxThreshold: 0.3 };
  const detector = await makers.detector();
  await expect(detect(picture, long, detector)).rejects.toThrow("258 tokens");
  const sliver = { width: 1, height: 900, data: new Uint8Array(2700) };
  const many = { ...detector, boxes: 900 };
  await expect(detect(sliver, { ...long, prompt: "fox" }, many)).rejects.toThrow("too narrow");
});
