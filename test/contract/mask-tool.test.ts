import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { goldenPath } from "../support/golden.ts";
import { gate, ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { benchFolder, small } from "../support/task-bench.ts";

const folder = benchFolder();
const inpaint = join(folder, "models/inpaint");
mkdirSync(inpaint);
copyFileSync(goldenPath("foreign/u2net.onnx"), join(inpaint, "u2net.onnx"));
writeFileSync(join(inpaint, "u2netp.onnx"), "<html>not found</html>");
copyFileSync(goldenPath("tiny-lora-sgm.safetensors"), join(inpaint, "isnet-anime.onnx"));

/** What the engine was asked, and doors that hold it. */
const questions: string[] = [];
let beforeAnswer: () => Promise<void> = async () => undefined;
let beforeStep: () => Promise<void> = async () => undefined;
const engine = new ScriptedEngine({
  beforeAnswer: async ({ tool, picture }) => {
    questions.push(`${JSON.stringify(tool)} of ${picture.width} x ${picture.height}`);
    await beforeAnswer();
  },
  beforeStep: async ({ step }) => {
    if (step === 1) await beforeStep();
  },
});
const bench = await serveBench({ folder, engine });
afterAll(() => bench.close());

const url = () => `${bench.url}/v1/tools/generate_mask`;
const ask = (body: unknown, signal?: AbortSignal) =>
  fetch(url(), { method: "POST", body: JSON.stringify(body), ...(signal === undefined ? {} : { signal }) });
const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "teal" } });
const image = (await picture(40, 20).png().toBuffer()).toBase64();

test("the answer is a text: a grey PNG of 8 bits in base64, as large as the picture", async () => {
  const answer = await ask({ image, mask_model: "u2net" });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
  const text: unknown = await answer.json();
  const bytes = Uint8Array.fromBase64(String(text));
  const { format, width, height, channels, depth } = await sharp(bytes).metadata();
  expect({ format, width, height, channels, depth }).toEqual({
    format: "png",
    width: 40,
    height: 20,
    channels: 1,
    depth: "uchar",
  });
  expect(questions.at(-1)).toBe('{"tool":"mask","making":{"by":"matte","model":"u2net"}} of 40 x 20');
});

test("a picture is turned as its tag says before anything is measured", async () => {
  const turned = await picture(40, 20).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const answer = await ask({ image: turned.toBase64(), mask_model: "u2net" });
  const { width, height } = await sharp(Uint8Array.fromBase64(String(await answer.json()))).metadata();
  expect([width, height]).toEqual([20, 40]);
});

test("a file that is something else is refused by what it is", async () => {
  for (const [mask_model, found] of [
    ["u2netp", "it is a web page"],
    ["isnet-anime", "it is a safetensors file"],
  ]) {
    const answer = await ask({ image, mask_model });
    const { detail } = await answer.json();
    expect([answer.status, detail[0].loc, detail[0].ctx.error]).toEqual([
      422,
      ["body", "mask_model"],
      "unusable-model",
    ]);
    expect(detail[0].msg).toContain(`${mask_model}.onnx: ${found}`);
    expect(detail[0].msg).toContain("https://github.com/danielgatis/rembg");
    expect(detail[0].msg).not.toContain(folder);
  }
});

test("a question waits for the task at hand, comes before those that wait, and lets one of them in before the next", async () => {
  const [steps, answers] = [gate(), gate()];
  beforeStep = () => steps.passed;
  beforeAnswer = () => answers.passed;
  const asked = questions.length;
  const [first, second, third] = [
    await bench.tasks.submit(small),
    await bench.tasks.submit(small),
    await bench.tasks.submit(small),
  ];
  const started = engine.jobs.length;
  expect(await soon(() => engine.jobs.some(({ id }) => id === first.id))).toBe(true);
  const both = [ask({ image, mask_model: "u2net" }), ask({ image, mask_model: "u2net" })];
  await Bun.sleep(100);
  expect(questions.length).toBe(asked);
  steps.open();
  expect(await soon(() => questions.length === asked + 1)).toBe(true);
  expect(engine.jobs.some(({ id }) => id === second.id)).toBe(false);
  answers.open();
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
  const order = engine.jobs.slice(started - 1).map(({ id }) => id);
  expect(order.includes(second.id) && questions.length === asked + 2).toBe(true);
  expect(await soon(async () => (await bench.tasks.find(third.id))?.state.status === "settled")).toBe(true);
});

test("whoever closes the connection takes the question back, waiting or with the engine", async () => {
  const held = gate();
  beforeAnswer = () => held.passed;
  const asked = questions.length;
  const [gone, waiting] = [new AbortController(), new AbortController()];
  const left = ask({ image, mask_model: "u2net" }, gone.signal).catch(() => "left");
  expect(await soon(() => questions.length === asked + 1)).toBe(true);
  const never = ask({ image, mask_model: "u2net" }, waiting.signal).catch(() => "left");
  await Bun.sleep(100);
  waiting.abort();
  gone.abort();
  expect(await Promise.all([left, never])).toEqual(["left", "left"]);
  await Bun.sleep(100);
  held.open();
  expect((await ask({ image, mask_model: "u2net" })).status).toBe(200);
  expect(questions.length).toBe(asked + 2);
});
