import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { goldenPath } from "../support/golden.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, small } from "../support/task-bench.ts";

const folder = benchFolder();
mkdirSync(join(folder, "models/inpaint"));
copyFileSync(goldenPath("foreign/u2net.onnx"), join(folder, "models/inpaint/u2net.onnx"));
writeFileSync(join(folder, "models/inpaint/silueta.onnx"), "<html>not found</html>");
const bench = await serveBench({ folder });
afterAll(() => bench.close());

const body = { ...small, image_seed: 7, enhance_checkbox: true };
const post = (path: string, said: object) =>
  fetch(`${bench.url}${path}`, { method: "POST", body: JSON.stringify(said) });
const generate = (said: object) => post("/v1/engine/generate/", { ...body, ...said });
const region = (said: object) => ({
  enhance_enabled: true,
  enhance_mask_model: "u2net",
  enhance_inpaint_engine: "None",
  ...said,
});
const picture = (
  await sharp({ create: { width: 64, height: 64, channels: 3, background: "teal" } })
    .png()
    .toBuffer()
).toBase64();

test("results are the images, then what the passes of each made, in the order in which they were saved", async () => {
  const record = await (await generate({ image_number: 2, enhance_ctrls: [region({}), region({})] })).json();
  expect(record.task_status).toBe("finished");
  expect(record.result).toHaveLength(6);
  expect(record.pictures.map(({ seed }: { seed: number }) => seed)).toEqual([7, 8, 7, 7, 7, 7]);
  const last = await (
    await generate({
      image_number: 2,
      enhance_ctrls: [region({}), region({})],
      save_final_enhanced_image_only: true,
    })
  ).json();
  expect(last.result).toHaveLength(2);
});

test("a picture that was given is itself the first result, and nothing else is made", async () => {
  const record = await (
    await generate({ enhance_input_image: picture, image_number: 3, enhance_ctrls: [region({})] })
  ).json();
  expect(record.result).toHaveLength(2);
  expect(record.req_params.current_tab).toBe("enhance");
  expect(record.pictures.map(({ seed }: { seed: number | null }) => seed)).toEqual([null, 7]);
});

test("what is told of a pass are FooocusAPI's sentences, and the number never falls", async () => {
  const { task_id } = await (await generate({ async_process: true, enhance_ctrls: [region({})] })).json();
  const text = await (await fetch(`${bench.url}/tasks/${task_id}/events`)).text();
  const events = text
    .split("\n")
    .flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice("data: ".length))] : []));
  const told = events.filter(({ type }) => type === "progress");
  const messages = told.map(({ message }) => message);
  const from = messages.indexOf("Processing enhance ...");
  expect(messages.slice(from)).toEqual([
    "Processing enhance ...",
    "Preparing enhancement 1/1 ...",
    "Saving image 1/1 to system ...",
  ]);
  const numbers = told.map(({ progress }) => progress);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(events.filter(({ type }) => type === "image").map(({ index }) => index)).toEqual([0, 1]);
});

test("a picture says the request that makes it again", async () => {
  const said = { prompt: "a cat", enhance_ctrls: [region({ enhance_prompt: "eyes" })] };
  const { result } = await (await generate(said)).json();
  const bytes = await (await fetch(result[1])).bytes();
  const read = await post("/v1/tools/read-metadata", { image: bytes.toBase64() });
  const { request } = await read.json();
  expect((await (await post("/v1/engine/generate/", request)).json()).result).toHaveLength(2);
  expect(request).toMatchObject({
    prompt: "a cat",
    image_seed: 7,
    overwrite_step: 4,
    enhance_checkbox: true,
    enhance_ctrls: [expect.objectContaining({ enhance_prompt: "eyes", enhance_mask_model: "u2net" })],
  });
});

describe("refused before anything is made", () => {
  const refusal = async (said: object) => {
    const answer = await generate(said);
    const { detail } = await answer.json();
    return [answer.status, detail[0].loc.join("."), detail[0].msg];
  };

  test("a picture of which nothing is said that would be done", async () => {
    expect(await refusal({ enhance_input_image: picture, enhance_checkbox: false })).toEqual([
      422,
      "body.enhance_checkbox",
      expect.stringContaining("nothing would be done with it"),
    ]);
  });

  test("a mask whose file is not there, with name, folder and size, or is none", async () => {
    const at = (enhance_mask_model: string) =>
      refusal({ enhance_ctrls: [region({}), region({ enhance_mask_model })] });
    const field = "body.enhance_ctrls.1.enhance_mask_model";
    expect(await at("isnet-anime")).toEqual([422, field, expect.stringContaining("isnet-anime.onnx (")]);
    expect(await at("silueta")).toEqual([422, field, expect.stringContaining("silueta")]);
  });

  test("an engine that was chosen", async () => {
    expect(await refusal({ enhance_ctrls: [region({ enhance_inpaint_engine: "v2.5" })] })).toEqual([
      422,
      "body.enhance_ctrls.0.enhance_inpaint_engine",
      expect.stringContaining("inpaint_v25.fooocus.patch"),
    ]);
  });
});

test("the default engine is left out with a word where its files are not there", async () => {
  const { warnings } = await (
    await generate({ enhance_ctrls: [region({ enhance_inpaint_engine: "v2.6" })] })
  ).json();
  expect(warnings).toEqual([expect.stringContaining("The default inpaint engine v2.6 was left out")]);
});
