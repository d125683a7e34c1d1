import { afterAll, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { goldenPath } from "../support/golden.ts";
import { type MainProcess, startMain } from "../support/main-process.ts";

/** The program with the demo model and two small networks that find something, killed in the second of two regions. */
const folder = mkdtempSync(join(tmpdir(), "fooocusd-enhance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const models = join(folder, "models");
mkdirSync(join(models, "inpaint"), { recursive: true });
for (const kind of ["checkpoints", "loras", "upscale_models"])
  symlinkSync(join(import.meta.dir, "../../models", kind), join(models, kind));
for (const name of ["u2net", "isnet-anime"])
  copyFileSync(goldenPath(`foreign/${name}.onnx`), join(models, `inpaint/${name}.onnx`));

const region = (model: string, prompt: string) => ({
  enhance_enabled: true,
  enhance_mask_model: model,
  enhance_prompt: prompt,
  enhance_inpaint_engine: "None",
});
const request = {
  prompt: "a red circle on a blue background",
  performance_selection: "Lightning",
  image_seed: 11,
  overwrite_step: 2,
  enhance_checkbox: true,
  enhance_ctrls: [region("u2net", "a green square"), region("isnet-anime", "a yellow star")],
};

const start = (outputs: string): Promise<MainProcess> =>
  startMain(folder, "--port", "0", "--models", models, "--outputs", outputs, "--inputs", outputs);

const post = async ({ url }: MainProcess, more: object): Promise<string> => {
  const body = JSON.stringify({ ...request, ...more, async_process: true });
  const answer = await fetch(`${url}/v1/engine/generate/`, { method: "POST", body });
  return (await answer.json()).task_id;
};

/** Reads what a task tells until it says something. */
async function until({ url }: MainProcess, id: string, sentence: RegExp): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  const { body } = await fetch(`${url}/tasks/${id}/events`);
  for await (const bytes of body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (sentence.test(text)) return;
  }
  throw new Error(`it ended without ${sentence}`);
}

async function ended({ url }: MainProcess, id: string) {
  for (;;) {
    const record = await (await fetch(`${url}/tasks/${id}?wait=30`)).json();
    if (record.finish_mills > 0) return record;
  }
}

const pixelsOf = (outputs: string, urls: readonly string[]): Promise<readonly string[]> =>
  Promise.all(
    urls.map(async (url) => {
      const file = readFileSync(join(outputs, ...url.split("/").slice(-2)));
      return new Bun.CryptoHasher("sha256").update(await sharp(file).raw().toBuffer()).digest("hex");
    }),
  );

test.each([
  ["every picture is a result", {}, 3],
  [
    "only the last one is, in a file that loses something",
    { save_final_enhanced_image_only: true, output_format: "jpg" },
    1,
  ],
])(
  "a job that was killed in the second region goes on there, and ends as one that was not: %s",
  async (_what, more, count) => {
    const outputs = join(folder, crypto.randomUUID());
    const first = await start(outputs);
    const whole = await ended(first, await post(first, more));
    expect([whole.task_status, whole.warnings]).toEqual(["finished", undefined]);
    const id = await post(first, more);
    await until(first, id, /Sampling step 1\/2, image 2\/2/);
    first.child.kill("SIGKILL");
    await first.child.exited;
    const left = readdirSync(join(outputs, ".on-the-way", id));
    expect(left.toSorted()).toEqual(["0-0.png", "0.json"]);

    const second = await start(outputs);
    const resumed = await ended(second, id);
    expect(resumed.task_status).toBe("finished");
    expect(resumed.result).toHaveLength(count);
    const pixels = await pixelsOf(outputs, resumed.result);
    expect(pixels).toEqual(await pixelsOf(outputs, whole.result));
    expect(new Set(pixels).size).toBe(count);
    expect(readdirSync(join(outputs, ".on-the-way"))).toEqual([]);
    await second.stop();
  },
  900_000,
);
