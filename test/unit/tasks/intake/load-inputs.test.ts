import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { loadInputs } from "#/tasks/intake/load-inputs.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-load-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const images = folderImages(join(root, "outputs"), join(root, "inputs"), Math.random);

const pixmapOf = (width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + width) % 256),
});
const [one, two] = [pixmapOf(5, 3), pixmapOf(4, 4)];
const names = [
  await images.putInput(await encodeImage(one, "png")),
  await images.putInput(await encodeImage(two, "png")),
] as const;

const load = (inputs: readonly string[], decoding = new DecodeGate()) =>
  loadInputs(
    { recipe: { inputs }, inputFields: inputs.map((_, i) => `controlnet_image.${i}.cn_img`) },
    { images, decoding },
  );
const plain = (pixmaps: Awaited<ReturnType<typeof load>>) =>
  pixmaps.map(({ width, height, data }) => ({ width, height, data: Uint8Array.from(data) }));

test("the pixels of each picture in the recipe's order, one after the other through the server's gate", async () => {
  const gate = new DecodeGate();
  expect(plain(await load([names[1], names[0], names[1]], gate))).toEqual([two, one, two]);
  expect(gate.state).toMatchObject({ bytes: 0, highest: 16 * 8 });
});

test("a recipe without pictures reads none", async () => {
  expect(await load([])).toEqual([]);
});

test("a picture that is gone is named with its file, its field and the way out", async () => {
  const gone = `${"0".repeat(64)}.png`;
  await expect(load([names[0], gone])).rejects.toMatchObject({
    code: "unreachable-url",
    message: `The picture ${gone} of controlnet_image.1.cn_img is no longer in the inputs folder. Send the request again with the picture itself.`,
    details: { field: "controlnet_image.1.cn_img", name: gone },
  });
});

test("nothing outside the inputs folder is read", async () => {
  writeFileSync(join(root, "secret.png"), await encodeImage(one, "png"));
  for (const name of ["../secret.png", "", ".", "/etc/hostname"])
    await expect(load([name])).rejects.toMatchObject({ code: "unreachable-url" });
});

test("a file that is no picture any more is named as well", async () => {
  writeFileSync(join(root, "inputs/cut.png"), (await encodeImage(one, "png")).subarray(0, 40));
  await expect(load(["cut.png"])).rejects.toMatchObject({
    code: "bad-image",
    message: expect.stringContaining(
      "The picture cut.png of controlnet_image.0.cn_img can no longer be read",
    ),
    details: { field: "controlnet_image.0.cn_img", name: "cut.png" },
  });
});
