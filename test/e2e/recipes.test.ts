import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";

/** Another machine: its rule of noise, its maker, its wildcards and its styles are others. */
const fooocus = mkdtempSync(join(tmpdir(), "fooocusd-elsewhere-"));
let here: SourceServer;
let elsewhere: SourceServer;
let picture = "";
let mask = "";
beforeAll(async () => {
  mkdirSync(join(fooocus, "wildcards"));
  writeFileSync(join(fooocus, "wildcards/color.txt"), "transparent\n");
  mkdirSync(join(fooocus, "sdxl_styles"));
  writeFileSync(
    join(fooocus, "sdxl_styles/sdxl_styles_fooocus.json"),
    JSON.stringify([{ name: "Fooocus Sharp", prompt: "a mess of {prompt}", negative_prompt: "order" }]),
  );
  here = await startSourceServer(["--created-by", "somebody"]);
  elsewhere = await startSourceServer(["--noise", "cpu", "--fooocus", fooocus, "--disable-metadata", "true"]);
  const drawn = (background: string) =>
    sharp({ create: { width: 128, height: 96, channels: 3, background } });
  picture = (await drawn("#c04020").png().toBuffer()).toString("base64");
  const hole = await sharp({ create: { width: 40, height: 40, channels: 3, background: "white" } })
    .png()
    .toBuffer();
  mask = (
    await drawn("black")
      .composite([{ input: hole }])
      .png()
      .toBuffer()
  ).toString("base64");
}, 120_000);
afterAll(async () => {
  await here?.close();
  await elsewhere?.close();
  rmSync(fooocus, { recursive: true, force: true });
});

type Record = Readonly<{
  task_id: string;
  task_status: string;
  result: readonly string[];
  warnings?: readonly string[];
}>;

const post = async (server: SourceServer, path: string, body: string): Promise<Record> => {
  const answer = await fetch(server.url + path, { method: "POST", body });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
  return JSON.parse(text);
};
const bytesOf = async ({ result }: Record): Promise<readonly string[]> =>
  await Promise.all(
    result.map(async (url) => Buffer.from(await (await fetch(url)).bytes()).toString("base64")),
  );

/** The pictures of a recipe on a server. */
async function again(server: SourceServer, recipe: string): Promise<Record> {
  const { task_id } = await post(server, "/tasks/recipe", recipe);
  return await (await fetch(`${server.url}/tasks/${task_id}?wait=60`)).json();
}

const quick = { performance_selection: "Lightning", aspect_ratios_selection: "128*128" };

test.each([
  [
    "wildcards, arrays and styles, several images as PNG with Fooocus' metadata",
    () => ({
      ...quick,
      prompt: "a __color__ circle on a [[white, black]] background",
      style_selections: ["Fooocus Sharp"],
      image_number: 2,
      output_format: "png",
      save_metadata_to_images: true,
    }),
  ],
  [
    "noise in every step, a LoRA, a random style, as JPEG with A1111's metadata",
    () => ({
      prompt: "a __color__ star <lora:fooocusd-demo-neon:0.6>",
      aspect_ratios_selection: "128*128",
      overwrite_step: 4,
      sampler_name: "dpmpp_2m_sde_gpu",
      style_selections: ["Random Style"],
      output_format: "jpg",
      metadata_scheme: "a1111",
      save_metadata_to_images: true,
      image_seed: "9223372036854775805",
    }),
  ],
  [
    "a picture that is varied, without metadata",
    () => ({
      ...quick,
      prompt: "a red circle",
      style_selections: [],
      uov_input_image: picture,
      uov_method: "Vary (Strong)",
      save_metadata_to_images: false,
      output_format: "webp",
    }),
  ],
  [
    "a hole that is painted, with what goes without saying of its metadata",
    () => ({
      ...quick,
      prompt: "a __color__ circle",
      style_selections: [],
      inpaint_input_image: picture,
      inpaint_mask_image_upload: mask,
      inpaint_engine: "None",
      save_metadata_to_images: true,
    }),
  ],
  [
    "an enhancement in passes, and its wildcards",
    () => ({
      ...quick,
      prompt: "a __color__ circle",
      style_selections: ["Fooocus Sharp"],
      image_number: 2,
      enhance_checkbox: true,
      enhance_uov_method: "Vary (Subtle)",
      save_metadata_to_images: true,
    }),
  ],
])(
  "%s: the same bytes, here and on a machine whose settings are others",
  async (_, request) => {
    const made = await post(here, "/v1/engine/generate/", JSON.stringify(request()));
    const first = await bytesOf(made);
    expect([made.task_status, first.length > 0]).toEqual(["finished", true]);
    const told = await fetch(`${here.url}/tasks/${made.task_id}/recipe?inputs=embed`);
    expect(told.status).toBe(200);
    const recipe = await told.text();
    const { pictures } = JSON.parse(recipe);
    const digests = first.map((bytes) =>
      new Bun.CryptoHasher("sha256").update(Buffer.from(bytes, "base64")).digest("hex"),
    );
    expect(pictures.map(({ sha256 }: { sha256: string }) => sha256)).toEqual(digests);
    for (const server of [here, elsewhere]) {
      const record = await again(server, recipe);
      expect(record.task_status).toBe("finished");
      expect(await bytesOf(record)).toEqual([...first]);
      // Its own recipe is the same but for where its pictures lie.
      const own = await (await fetch(`${server.url}/tasks/${record.task_id}/recipe?inputs=embed`)).json();
      const { pictures: _own, ...rest } = own;
      const { pictures: _told, ...wanted } = JSON.parse(recipe);
      for (const one of [rest, wanted]) for (const text of one.texts) delete text.expansion;
      expect(rest).toEqual(wanted);
    }
  },
  120_000,
);
