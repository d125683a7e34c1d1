import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { captionFile } from "#/catalog/caption-file.ts";
import { startSourceServer } from "../bench/quality/source-server.ts";
import {
  complaint,
  type Example,
  examplesOf,
  type Facts,
  type Language,
  type Ran,
  withFacts,
} from "./examples.ts";

const docs = join(import.meta.dir, "../../docs");
const pages = ["api.md", "live.md", "legacy-api.md", "a1111.md", "openai.md"];

/** All examples of the pages that have some. */
export async function allExamples(): Promise<readonly Example[]> {
  const read = async (page: string) => examplesOf(page, await Bun.file(join(docs, page)).text());
  return (await Promise.all(pages.map(read))).flat();
}

/** A server of this checkout, and a folder with the pictures that the examples name. */
export type Stage = Readonly<{
  /** Runs an example. @returns what is wrong with it, with all it printed, or undefined */
  tried: (example: Example) => Promise<string | undefined>;
  close: () => Promise<void>;
}>;

/** A folder of models with small networks in the places of those that the tools' examples ask for. */
function smallModels(folder: string): string {
  const models = join(folder, "models");
  for (const [from, to] of [
    ["u2net.onnx", "inpaint/u2netp.onnx"],
    ["tagger.onnx", "clip_vision/wd-v1-4-moat-tagger-v2.onnx"],
    ["tagger.csv", "clip_vision/wd-v1-4-moat-tagger-v2.csv"],
  ] as const) {
    mkdirSync(dirname(join(models, to)), { recursive: true });
    copyFileSync(join(docs, "../test/golden/foreign", from), join(models, to));
  }
  const captioner = readFileSync(join(docs, "../test/golden/tiny-blip.pth.zst"));
  writeFileSync(join(models, "clip_vision", captionFile.name), Bun.zstdDecompressSync(captioner));
  return models;
}

/** As large as a picture, and transparent in its middle. */
async function withHole(picture: Uint8Array): Promise<Uint8Array> {
  const { width, height } = await sharp(picture).metadata();
  const rgba = Buffer.alloc(width * height * 4, 255);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [x, y] = [(pixel % width) / width, Math.floor(pixel / width) / height];
    if (Math.max(Math.abs(x - 0.5), Math.abs(y - 0.5)) < 0.25) rgba[4 * pixel + 3] = 0;
  }
  return await sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

/** @param python the interpreter for Python */
export async function openStage(python = "python3"): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-examples-"));
  const models = ["--models", `models,${smallModels(folder)}`];
  const server = await startSourceServer(["--also-port", "0", "--persistent", "true", ...models]);
  const post = async (body: object) =>
    await (
      await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) })
    ).json();
  const drawing = { prompt: "a red circle on a white background", performance_selection: "Lightning" };

  const made = await post(drawing);
  const picture: string = made.result[0];
  const bytes = await (await fetch(picture)).bytes();
  for (const name of ["picture.png", "cat.png", "mask.png"]) await Bun.write(join(folder, name), bytes);
  await Bun.write(join(folder, "transparent.png"), await withHole(bytes));
  // Who tries the examples has OpenAI's client.
  symlinkSync(join(docs, "../node_modules"), join(folder, "node_modules"));
  const small = await (await fetch(picture, { headers: { accept: "image/webp" } })).bytes();
  const dataUri = `data:image/webp;base64,${Buffer.from(small).toString("base64")}`;
  // A picture that nothing is done with is kept all the same; two name it, since one of them is deleted.
  await post({ ...drawing, uov_input_image: dataUri });
  let task: string = (await post({ ...drawing, uov_input_image: dataUri })).task_id;
  const record = async () => await (await fetch(`${server.url}/tasks/${task}`)).json();
  const input: string = new URL((await record()).req_params.uov_input_image).pathname.split("/").at(-1) ?? "";
  const output = new URL(picture).pathname.replace("/outputs/", "");

  /** The same facts for every example; a task that one of them deleted is followed by another. */
  const facts = async (): Promise<Facts> => {
    if (Array.isArray(await record())) task = (await post(drawing)).task_id;
    return { host: new URL(server.url).host, task, output, input, dataUri };
  };
  const tried = async (example: Example) => {
    const ran = await run(
      commandOf(example.language, withFacts(example.code, await facts()), python),
      folder,
    );
    const wrong = complaint(example, ran);
    if (wrong === undefined) return undefined;
    return `docs/${example.page}:${example.line} ${wrong}:\n${example.code}\n${ran.stdout.slice(0, 2000)}\n${ran.stderr.slice(0, 2000)}`;
  };
  const close = async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { tried, close };
}

type Command = Readonly<{ program: readonly string[]; input: string }>;

function commandOf(language: Language, code: string, python: string): Command {
  switch (language) {
    case "sh":
      return { program: ["bash", "-euo", "pipefail"], input: code };
    case "python":
      return { program: [python, "-"], input: code };
    case "js":
      return { program: [process.execPath, "run", "-"], input: code };
  }
}

/** Longer than any example takes on a busy machine. */
const patience = 240_000;

async function run({ program, input }: Command, cwd: string): Promise<Ran> {
  const child = Bun.spawn([...program], {
    cwd,
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: patience,
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}
