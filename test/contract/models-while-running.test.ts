import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, putModel, small } from "../support/task-bench.ts";

setDefaultTimeout(300_000);

const folder = benchFolder();
const bench = await serveBench({ folder });
afterAll(() => bench.close());

const models = (name: string): string => join(folder, "models", name);
const listed = async () => await (await fetch(`${bench.url}/v1/engines/all-models`)).json();
const post = async (more: object) => {
  const body = JSON.stringify({ ...small, image_seed: 7, save_metadata_to_images: true, ...more });
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body });
  return { status: answer.status, body: await answer.json() };
};
const said = async (more: object): Promise<string> => {
  const { status, body } = await post(more);
  expect(status).toBe(422);
  return body.detail[0].msg;
};
/** The start of a file's SHA-256, as metadata have it. */
const hashOf = (path: string): string =>
  new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex").slice(0, 10);
const textOf = async (url: string): Promise<string> =>
  Buffer.from(await (await fetch(url)).bytes()).toString("latin1");

test("a checkpoint and a LoRA that come while the server runs are listed, and the next request has them", async () => {
  const loras = [{ enabled: true, model_name: "sub/new.safetensors", weight: 1 }];
  const before = await listed();
  expect(before.model_filenames).toEqual(["base.safetensors"]);
  expect(await said({ base_model_name: "new.safetensors" })).toContain("new.safetensors");
  putModel(folder, "checkpoints/new.safetensors");
  putModel(folder, "loras/sub/new.safetensors");
  const after = await listed();
  expect(after.model_filenames).toEqual(["base.safetensors", "new.safetensors"]);
  expect(after.lora_filenames).toContain("sub/new.safetensors");
  expect((await post({ base_model_name: "new.safetensors", loras })).body.task_status).toBe("finished");
});

test("one that is still being copied is refused with a sentence, and not for ever", async () => {
  const whole = readFileSync(models("checkpoints/base.safetensors"));
  const path = models("checkpoints/copied.safetensors");
  const request = { base_model_name: "copied.safetensors" };
  writeFileSync(path, "");
  expect(await said(request)).toContain("copied.safetensors");
  for (const [from, to] of [
    [0, 5],
    [5, 100],
    [100, whole.length - 1],
  ]) {
    appendFileSync(path, whole.subarray(from, to));
    expect(await said(request)).toMatch(/copied\.safetensors/);
  }
  expect(await said(request)).toContain(
    "a broken download, perhaps, or one that goes on, or a copy; then ask again when that is done",
  );
  appendFileSync(path, whole.subarray(-1));
  expect((await listed()).model_filenames).toContain("copied.safetensors");
  expect((await post(request)).body.task_status).toBe("finished");
});

test("one that is replaced is the new one, in what is examined and in metadata", async () => {
  const path = models("checkpoints/replaced.safetensors");
  const request = { base_model_name: "replaced.safetensors" };
  putModel(folder, "checkpoints/replaced.safetensors");
  const first = hashOf(path);
  expect(await textOf((await post(request)).body.result[0])).toContain(first);
  // Another content of the same length, as another training of the same network would have.
  const other = Buffer.from(readFileSync(path));
  other.writeUInt8(other.readUInt8(other.length - 1) ^ 1, other.length - 1);
  writeFileSync(`${path}.new`, other);
  renameSync(`${path}.new`, path);
  expect(hashOf(path)).not.toBe(first);
  expect(await textOf((await post(request)).body.result[0])).toContain(hashOf(path));
  copyFileSync(putModel(folder, "loras/a-lora.safetensors"), `${path}.new`);
  renameSync(`${path}.new`, path);
  expect(await said(request)).toContain("replaced.safetensors");
});

test("one that is taken away is named, and is in no list", async () => {
  mkdirSync(models("checkpoints/folder"), { recursive: true });
  putModel(folder, "checkpoints/folder/gone.safetensors");
  const request = { base_model_name: "folder/gone.safetensors" };
  expect((await post(request)).body.task_status).toBe("finished");
  rmSync(models("checkpoints/folder/gone.safetensors"));
  expect(await said(request)).toContain("folder/gone.safetensors");
  expect((await listed()).model_filenames).not.toContain("folder/gone.safetensors");
});
