import { afterAll, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { GenerateParams } from "#/api/generate.ts";
import { decodeImage } from "#/image/decode.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { elsewhere } from "../support/elsewhere.ts";
import { expectLevels } from "../support/expect-near.ts";
import { goldenPath, tinyCheckpoint } from "../support/golden.ts";
import { plainParams, plainWorld } from "../support/plain-request.ts";
import { region } from "../support/regions.ts";
import { openFolder } from "../support/whole-image.ts";
import cases from "./enhance-run/cases.json";

/**
 * Whole jobs with an enhancement against Fooocus' own worker on the same files (scripts/golden/enhance_run.py): all passes, each
 * of what the one before left. Each pass cuts its picture to whole levels anew, and the last one enlarges those of the others
 * with its picture: found is 1 level, and behind an upscaler 3.
 */
const worstLevels = 3;

/** Values that may be off by more than one level. */
const offByMore = 2e-3;

/** Every so manieth pixel both ways is kept. */
const apart = 3;

const packed = [
  "vae/tiny-narrow-vae.safetensors",
  "upscale_models/fooocus_upscaler_s409985e5.bin",
  "inpaint/fooocus_inpaint_head.pth",
  "inpaint/inpaint_v26.fooocus.patch",
];
const folder = mkdtempSync(join(tmpdir(), "enhance-run-"));
for (const name of ["checkpoints/x", ...packed]) mkdirSync(join(folder, dirname(name)), { recursive: true });
symlinkSync(await tinyCheckpoint(), join(folder, "checkpoints/tiny-256.safetensors"));
for (const name of packed) {
  const bytes = await Bun.file(goldenPath(`image-modes/models/${basename(name)}.zst`)).bytes();
  writeFileSync(join(folder, name), Bun.zstdDecompressSync(bytes));
}
for (const name of ["u2net.onnx", "isnet-anime.onnx"])
  copyFileSync(goldenPath(`enhance-run/${name}`), join(folder, "inpaint", name));

const read = async (path: string): Promise<Pixmap> =>
  decodeImage(await Bun.file(goldenPath(path)).bytes(), path);
const wide = await read("image-modes/pictures/wide.png");

const world: World = {
  ...plainWorld,
  checkpoints: ["tiny-256.safetensors"],
  vaes: ["tiny-narrow-vae.safetensors"],
  inpaintFiles: ["fooocus_inpaint_head.pth", "inpaint_v26.fooocus.patch"],
  mattes: ["u2net", "isnet-anime"],
  upscalers: {
    files: ["fooocus_upscaler_s409985e5.bin"],
    rule: { named: "", without: "refuse" },
  },
  pictureSize: () => wide,
  sidecar: () => ({ size_number: 256 }),
  noise: "cpu",
};

const context = await openFolder(folder);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

const paramsOf = (request: object): GenerateParams => {
  const said = JSON.parse(JSON.stringify(request).replaceAll('"@', '"http://a.test/inputs/'));
  return {
    ...plainParams,
    ...said,
    image_seed: BigInt(said.image_seed),
    disable_preview: true,
    enhance_ctrls: said.enhance_ctrls.map(region),
  };
};

for (const [name, request] of Object.entries(cases))
  test(`a whole job with an enhancement: ${name}`, async () => {
    const { recipe } = resolveRecipe(paramsOf(request), world);
    const images: Pixmap[] = [];
    const inputs = recipe.inputs.map(() => wide);
    for await (const fact of generate({ recipe, inputs }, context, new Run()))
      if (fact.type === "image" && (fact.pass !== undefined || recipe.images.length > 0))
        images.push(fact.image);
    const kept = readdirSync(goldenPath("enhance-run")).filter((file) => file.startsWith(`${name}-`));
    expect(images).toHaveLength(kept.length);
    for (const [at, image] of images.entries()) {
      const { data, width, height } = await read(`enhance-run/${name}-${at}.png`);
      expect([Math.ceil(image.width / apart), Math.ceil(image.height / apart)]).toEqual([width, height]);
      const off = data.map((value, place) => {
        const [pixel, colour] = [Math.floor(place / 3), place % 3];
        const [x, y] = [apart * (pixel % width), apart * Math.floor(pixel / width)];
        return Math.abs(value - (image.data[3 * (y * image.width + x) + colour] ?? 255));
      });
      expectLevels(Math.max(...off), worstLevels, `${name} ${at}`);
      if (elsewhere !== undefined) continue;
      expect(off.filter((levels) => levels > 1).length / off.length).toBeLessThanOrEqual(offByMore);
    }
  }, 300_000);
