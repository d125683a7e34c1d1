import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { GenerateParams } from "#/api/generate.ts";
import {
  adapterFileNames,
  controlFileNames,
  negativeFileName,
  towerFileName,
} from "#/catalog/control-files.ts";
import { decodeImage } from "#/image/decode.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { loadInputs } from "#/tasks/intake/load-inputs.ts";
import { elsewhere } from "../support/elsewhere.ts";
import { expectLevels } from "../support/expect-near.ts";
import { goldenPath, tinyCheckpoint, tinyInterposer, tinyRefiner, tinySd1 } from "../support/golden.ts";
import { packedModel } from "../support/packed-model.ts";
import { plainParams, plainWorld } from "../support/plain-request.ts";
import { openFolder } from "../support/whole-image.ts";
import { withDoubled } from "../support/with-doubled.ts";
import cases from "./image-modes.json";

/**
 * Whole jobs that start from a picture or that pictures guide against Fooocus' own modules on the same files (scripts/golden/image_modes.py), from
 * the request to pixels. The costly cases too: `IMAGE_MODES=all npm test -- test/golden/image-modes.test.ts`, or a pattern of
 * names in its place.
 *
 * A picture is cut to whole levels after sums in another order, so a value next to an edge falls on its other side: found is
 * 1 level at most, in all cases. What is enlarged, encoded, drawn and pasted back is cut twice more, which may make 2.
 */
const worstLevels = 2;

/** Pixels that may be off by more than one level. */
const offByMore = 5e-4;

type Case = (typeof cases)[number];

const models: Readonly<Record<string, string>> = {
  "checkpoints/tiny.safetensors": await tinyCheckpoint(),
  "checkpoints/tiny-256.safetensors": await tinyCheckpoint(),
  "checkpoints/tiny-refiner.safetensors": await tinyRefiner(),
  "checkpoints/tiny-sd1.safetensors": await tinySd1(),
  "vae_approx/xl-to-v1_interposer-v4.0.safetensors": await tinyInterposer(),
  "loras/tiny-lora-sgm.safetensors": goldenPath("tiny-lora-sgm.safetensors"),
};

/** These see more of their pictures than control.test.ts's do, as `seeing` of scripts/golden/image_mode_files.py has them. */
const controls: Readonly<Record<string, string>> = {
  [`controlnet/${controlFileNames.canny}`]: packedModel("control-lora.safetensors"),
  [`controlnet/${controlFileNames.cpds}`]: packedModel("control-ldm.safetensors"),
};

/** What image prompts are made with: one adapter serves pictures and faces. */
const prompts: Readonly<Record<string, string>> = {
  [`controlnet/${adapterFileNames.image[0]}`]: packedModel("adapter-plus.bin"),
  [`controlnet/${adapterFileNames.face[0]}`]: packedModel("adapter-plus.bin"),
  [`controlnet/${negativeFileName}`]: packedModel("negative-tokens.safetensors"),
  [`clip_vision/${towerFileName}`]: packedModel("vision-open-clip.safetensors"),
};

const packedModels = [
  "vae/tiny-narrow-vae.safetensors",
  "upscale_models/fooocus_upscaler_s409985e5.bin",
  "inpaint/fooocus_inpaint_head.pth",
  "inpaint/inpaint.fooocus.patch",
  "inpaint/inpaint_v25.fooocus.patch",
  "inpaint/inpaint_v26.fooocus.patch",
];

/** A picture of test/golden/image-modes. */
async function read(path: string): Promise<Pixmap> {
  return decodeImage(await Bun.file(goldenPath(`image-modes/${path}`)).bytes(), path);
}

const inFolder = (kind: string): readonly string[] =>
  packedModels.filter((path) => path.startsWith(`${kind}/`)).map((path) => basename(path));

/** Sizes of the pictures that requests bring, as these are known before anything is made. */
const sizes = new Map<string, Pick<Pixmap, "width" | "height">>();
for (const name of readdirSync(goldenPath("image-modes/pictures")))
  sizes.set(name, await read(`pictures/${name}`));

const world: World = {
  ...plainWorld,
  checkpoints: [
    "tiny.safetensors",
    "tiny-256.safetensors",
    "tiny-refiner.safetensors",
    "tiny-sd1.safetensors",
  ],
  loras: ["tiny-lora-sgm.safetensors"],
  vaes: inFolder("vae"),
  inpaintFiles: inFolder("inpaint"),
  controlFiles: [
    ...Object.values(controlFileNames),
    adapterFileNames.image[0],
    adapterFileNames.face[0],
    negativeFileName,
  ],
  towers: { there: [towerFileName], ofWidth: () => undefined },
  upscalers: { files: inFolder("upscale_models"), rule: { named: "", without: "refuse" } },
  pictureSize: (name) => sizes.get(name),
  sidecar: (checkpoint) => (checkpoint === "tiny-256.safetensors" ? { size_number: 256 } : {}),
  noise: "cpu",
};

const folder = mkdtempSync(join(tmpdir(), "image-modes-"));
for (const name of [...Object.keys({ ...models, ...controls, ...prompts }), ...packedModels])
  mkdirSync(join(folder, dirname(name)), { recursive: true });
for (const [name, path] of Object.entries({ ...models, ...prompts })) symlinkSync(path, join(folder, name));
for (const [name, path] of Object.entries(controls))
  writeFileSync(join(folder, name), withDoubled(path, /^input_hint_block\..*\.weight$/));
for (const name of packedModels) {
  const packed = await Bun.file(goldenPath(`image-modes/models/${basename(name)}.zst`)).bytes();
  writeFileSync(join(folder, name), Bun.zstdDecompressSync(packed));
}

const context = await openFolder(folder);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

/** A case's request as it is when its pictures were taken in. */
function paramsOf({ request }: Case): GenerateParams {
  const taken = JSON.stringify(request).replaceAll('"@', '"http://a.test/inputs/');
  return {
    ...plainParams,
    ...(JSON.parse(taken) as Partial<GenerateParams>),
    image_seed: BigInt(request.image_seed),
  };
}

/** All that a case makes. */
async function draw(listed: Case): Promise<readonly Pixmap[]> {
  const { recipe, inputFields } = resolveRecipe(paramsOf(listed), world);
  const shelf = { images: { input: async (name: string) => goldenPath(`image-modes/pictures/${name}`) } };
  const inputs = await loadInputs({ recipe, inputFields }, shelf);
  const images: Pixmap[] = [];
  for await (const fact of generate({ recipe, inputs }, context, new Run()))
    if (fact.type === "image") images.push(fact.image);
  return images;
}

/** How far the kept pixels are off: the worst level, and the share of pixels that are off by more than one. */
function pixelErrors(drawn: Pixmap, kept: Pixmap, apart: number): Readonly<{ worst: number; share: number }> {
  let [worst, more] = [0, 0];
  for (let y = 0; y < kept.height; y += 1)
    for (let x = 0; x < kept.width; x += 1) {
      let off = 0;
      for (let c = 0; c < 3; c += 1) {
        const value = drawn.data[(y * apart * drawn.width + x * apart) * 3 + c] ?? Number.NaN;
        off = Math.max(off, Math.abs(value - (kept.data[(y * kept.width + x) * 3 + c] ?? Number.NaN)));
      }
      worst = Math.max(worst, off);
      if (!(off <= 1)) more += 1;
    }
  return { worst, share: more / (kept.width * kept.height) };
}

const wanted = process.env["IMAGE_MODES"];

for (const listed of cases) {
  const { name, always, drawn } = listed;
  if (wanted === undefined ? !always : wanted !== "all" && !new RegExp(wanted).test(name)) continue;
  test(`a whole job with pictures: ${name}`, async () => {
    const images = await draw(listed);
    expect(images.map(({ width, height }) => ({ width, height }))).toEqual(
      drawn.map(({ width, height }) => ({ width, height })),
    );
    for (const [n, { apart }] of drawn.entries()) {
      const { worst, share } = pixelErrors(images[n]!, await read(`drawn/${name}-${n}.png`), apart);
      if (wanted !== undefined) console.log(name, n, "worst", worst, "off by more than one", share);
      expectLevels(worst, worstLevels, `${name} ${n}`);
      if (elsewhere === undefined) expect(share).toBeLessThanOrEqual(offByMore);
    }
    expect(drawn.length).toBeGreaterThan(0);
  }, 600_000);
}
