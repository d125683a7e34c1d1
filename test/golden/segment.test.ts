import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Greymap } from "#/image/greymap.ts";
import type { Box } from "#/image/operations/crop.ts";
import { fillHoles } from "#/image/operations/fill-holes.ts";
import { triangleResize } from "#/image/operations/triangle-resize.ts";
import { networks } from "#/networks/index.ts";
import { boxesMask } from "#/pipeline/masks/boxes.ts";
import { segment } from "#/pipeline/masks/segment.ts";
import { openNetworks } from "#/runtime/models.ts";
import { segmenterOf } from "#/runtime/segmenter.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { samTensors } from "#/weights/layouts/sam.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { packedModel } from "../support/packed-model.ts";
import { goldenKeys } from "../support/unproven.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Against segment-anything's own modules and predictor in float32 (scripts/golden/segment.py); the tolerance is that of
 * networks.test.ts. Masks may differ in a pixel of a thousand, where a sum in another order falls on the other side of 0.
 */
const tolerance = 1e-4;
const alike = 0.999;

setDefaultTimeout(120_000);

const golden = goldenTensors("segment.safetensors");
const sam = packedModel("sam-tiny.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());
const { ask } = openNetworks({ base: await tinyCheckpoint(), loras: [], sam }, { clipSkip: 2 }, workshop);
const segmenter = segmenterOf(ask, samTensors(openWeights(sam)).tensors);

test("the image encoder, with windows that reach beyond the picture and layers that see all of it", async () => {
  const { embedding } = await ask(networks["sam-image-encoder"], { picture: golden("sam.picture") });
  expectNear(embedding, golden("sam.embedding"), tolerance);
});

test("the mask decoder, one box or several at once", async () => {
  const [embedding, boxes, expected] = [golden("sam.embedding"), golden("sam.boxes"), golden("sam.logits")];
  const { logits } = await ask(networks["sam-mask-decoder"], { embedding, boxes });
  expectNear(logits, expected, tolerance);
  const alone = { dims: [1, 4], data: boxes.data.slice(4, 8) };
  const one = (await ask(networks["sam-mask-decoder"], { embedding, boxes: alone })).logits;
  const [, h = 0, w = 0] = expected.dims;
  const second = { dims: [1, h, w], data: expected.data.slice(h * w, 2 * h * w) };
  expectNear(one, second, tolerance);
});

const bytes = ({ data }: Tensor): Uint8Array => Uint8Array.from(data);
const greymap = (tensor: Tensor): Greymap => {
  const [height = 0, width = 0] = tensor.dims;
  return { width, height, data: bytes(tensor).map((value) => (value > 0 ? 255 : 0)), channels: 1 };
};
const boxesOf = ({ data }: Tensor): readonly Box[] =>
  Array.from({ length: data.length / 4 }, (_, i) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = data.subarray(4 * i);
    return { left, top, right, bottom };
  });
const pictureOf = (key: string) => {
  const tensor = golden(key);
  const [height = 0, width = 0] = tensor.dims;
  return { width, height, data: bytes(tensor) };
};
const share = (found: Greymap, expected: Greymap): number =>
  found.data.reduce((same, value, i) => same + (value === expected.data[i] ? 1 : 0), 0) / found.data.length;

const runs = ["wide", "tall", "small", "square"] as const;

for (const name of runs)
  test(`a whole run on a ${name} picture: all boxes together, and each alone`, async () => {
    const picture = pictureOf(`run.${name}.picture`);
    const boxes = boxesOf(golden(`run.${name}.boxes`));
    const union = await segment(picture, boxes, segmenter);
    expect([union.width, union.height]).toEqual([picture.width, picture.height]);
    expect(share(union, greymap(golden(`run.${name}.union`)))).toBeGreaterThanOrEqual(alike);
    const masks = golden(`run.${name}.masks`);
    const size = picture.width * picture.height;
    for (const [i, box] of boxes.entries()) {
      const data = masks.data.slice(i * size, (i + 1) * size);
      const plain = greymap({ dims: [picture.height, picture.width], data });
      expect(new Set(plain.data).size).toBe(2);
      const found = await segment(picture, [box], segmenter);
      expect(share(found, fillHoles(plain, 400))).toBeGreaterThanOrEqual(alike);
    }
  });

test("holes are filled as segment-anything fills them, corners and edges included", () => {
  const cases = [...goldenKeys("segment.safetensors")].filter((key) => /^holes\..*\.mask$/.test(key));
  expect(cases).toHaveLength(4);
  for (const key of cases) {
    const filled = fillHoles(greymap(golden(key)), 400);
    expect(filled).toEqual(greymap(golden(key.replace(/mask$/, "filled"))));
  }
});

test("pictures are resized as Pillow's BILINEAR does it, byte for byte", () => {
  const sizes = [...goldenKeys("segment.safetensors")].flatMap(
    (key) => /^resize\.(\d+)x(\d+)$/.exec(key) ?? [],
  );
  expect(sizes.length).toBe(6 * 3);
  for (let i = 0; i < sizes.length; i += 3) {
    const [width, height] = [Number(sizes[i + 1]), Number(sizes[i + 2])];
    const expected = pictureOf(`resize.${width}x${height}`);
    expect(triangleResize(pictureOf("resize.picture"), { width, height })).toEqual(expected);
  }
});

test("boxes to look at are those that Pillow draws", () => {
  const shown = greymap(golden("rectangles.shown"));
  expect(boxesMask(boxesOf(golden("rectangles.boxes")), shown)).toEqual(shown);
});
