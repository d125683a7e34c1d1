import { afterAll, expect, test } from "bun:test";
import type { MatteModel } from "#/catalog/matte-files.ts";
import { silentLog } from "#/lib/log.ts";
import { type MatteMaking, makeMatte } from "#/pipeline/masks/make-matte.ts";
import { openForeign } from "#/runtime/foreign/foreign-network.ts";
import { Residency } from "#/runtime/residency.ts";
import { goldenPath, goldenTensors } from "../support/golden.ts";
import { goldenPhoto } from "../support/golden-picture.ts";

/** Against rembg 2.0.57's own sessions on the same files (scripts/golden/mattes.py). */
const expected = goldenTensors("foreign/mattes.safetensors");
const residency = new Residency(
  { device: "cpu", weights: "in-place", threads: 1 },
  { bytes: 2 ** 30 },
  silentLog,
);
afterAll(() => residency.close());

const networkAt = (file: string) => openForeign("matte", goldenPath(`foreign/${file}.onnx`), residency);
const u2net: MatteMaking = { by: "matte", model: "u2net" };
const shares = { equal: 0.999 };

/** The share of pixels that are the same; of two masks of one size. */
const sameShare = (found: Uint8Array, wanted: Float32Array): number =>
  found.reduce((same, value, i) => same + (value === wanted[i] ? 1 : 0), 0) / wanted.length;

const makings: readonly (readonly [file: MatteModel, making: MatteMaking, name: string])[] = [
  ["u2net", u2net, "u2net"],
  // The others of its family are made alike.
  ["u2net", { by: "matte", model: "silueta" }, "u2net"],
  ["isnet-general-use", { by: "matte", model: "isnet-general-use" }, "isnet-general-use"],
  ["isnet-anime", { by: "matte", model: "isnet-anime" }, "isnet-anime"],
  ...(["full", "upper", "lower"] as const).map(
    (category) =>
      [
        "u2net_cloth_seg",
        { by: "matte", model: "u2net_cloth_seg", category },
        `u2net_cloth_seg.${category}`,
      ] as const,
  ),
];

for (const [file, making, name] of makings)
  test(`${making.model}, ${name}: the mask that rembg makes`, async () => {
    const photos =
      making.model === "u2net_cloth_seg"
        ? ["astronaut", "flower"]
        : ["astronaut", "chelsea", "china", "flower"];
    for (const photo of photos) {
      const picture = goldenPhoto(photo);
      const mask = await makeMatte(picture, making, networkAt(file));
      const wanted = expected(`${photo}.${name}`);
      expect([mask.height, mask.width]).toEqual([...wanted.dims]);
      expect(sameShare(mask.data, wanted.data)).toBeGreaterThanOrEqual(shares.equal);
    }
  });

test("a dark picture is brought up by its own largest value", async () => {
  const { width, height, data } = goldenPhoto("chelsea");
  const dark = { width, height, data: data.map((value) => Math.floor(value / 3)) };
  const mask = await makeMatte(dark, u2net, networkAt("u2net"));
  expect(sameShare(mask.data, expected("dark.u2net").data)).toBeGreaterThanOrEqual(shares.equal);
});

test("the side of the input is the file's own, whatever the real file's is", async () => {
  const mask = await makeMatte(goldenPhoto("flower"), u2net, networkAt("small"));
  expect(sameShare(mask.data, expected("flower.small").data)).toBeGreaterThanOrEqual(shares.equal);
});

test("weights in a file beside are the same weights", async () => {
  const mask = await makeMatte(goldenPhoto("flower"), u2net, networkAt("beside"));
  expect(sameShare(mask.data, expected("flower.u2net").data)).toBeGreaterThanOrEqual(shares.equal);
});

test("a network of halves is told and asked in float32, at the precision of halves", async () => {
  const network = networkAt("halves");
  expect(network.file.inputs.map(({ type }) => type)).toEqual(["float16"]);
  const picture = goldenPhoto("flower");
  const exact = await makeMatte(picture, u2net, networkAt("whole"));
  const mask = await makeMatte(picture, u2net, network);
  const difference = Math.max(...mask.data.map((value, i) => Math.abs(value - (exact.data[i] ?? 0))));
  expect(difference).toBeLessThanOrEqual(3);
  expect(new Set(mask.data).size).toBeGreaterThan(50);
});

test("one that says the same of all pixels, and a picture that is black, make an empty mask and no error", async () => {
  const picture = goldenPhoto("flower");
  const mask = await makeMatte(picture, u2net, networkAt("flat"));
  expect([mask.width, mask.height]).toEqual([picture.width, picture.height]);
  expect(mask.data.every((value) => value === 0)).toBe(true);
  const black = { width: 9, height: 7, data: new Uint8Array(9 * 7 * 3) };
  expect((await makeMatte(black, u2net, networkAt("u2net"))).data).toHaveLength(63);
});
