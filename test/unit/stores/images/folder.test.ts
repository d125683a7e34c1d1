import { afterAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newTaskId } from "#/lib/task-id.ts";
import { folderImages, sharedImages } from "#/stores/images/folder.ts";
import { isCleanName, isSaveName, keptImageOf } from "#/stores/images.ts";
import { imagesSuite } from "../../../support/images-suite.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-images-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function newFolders(): Readonly<{ outputs: string; inputs: string }> {
  const folder = join(root, crypto.randomUUID());
  return { outputs: join(folder, "outputs"), inputs: join(folder, "inputs") };
}

imagesSuite("folder", () => {
  const { outputs, inputs } = newFolders();
  return folderImages(outputs, inputs, Math.random);
});

imagesSuite("shared folder", () => {
  const { outputs, inputs } = newFolders();
  return sharedImages(outputs, inputs, Math.random);
});

test("two servers over one folder keep both pictures of a name", async () => {
  const { outputs, inputs } = newFolders();
  const servers = [0, 1].map(() => sharedImages(outputs, inputs, () => 0.5));
  const put = servers.flatMap((server, at) =>
    [0, 1, 2].map((n) => server.put(new Uint8Array([at, n]), "png", new Date(0), "mine")),
  );
  const kept = await Promise.all(put);
  expect(new Set(kept.map(({ name }) => name)).size).toBe(6);
  for (const [at, { folder, name }] of kept.entries()) {
    const path = (await servers[0]?.output(folder, name)) ?? "";
    expect([...readFileSync(path)]).toEqual([Math.floor(at / 3), at % 3]);
  }
});

test("an input that another server comes to name while it is deleted here is put back, whoever is later", async () => {
  const { outputs, inputs } = newFolders();
  const [here, there] = [0, 1].map(() => sharedImages(outputs, inputs, Math.random));
  const input = (await here?.putInput(new Uint8Array([1]))) ?? "";
  // The row of another server is written between our question and our deletion: our second question sees it.
  const answers = [false, true];
  expect(await here?.removeInput(input, () => answers.shift() ?? true)).toBe(false);
  expect(await there?.input(input)).toBeDefined();
  // We are done before it is written: it sees that the picture is gone.
  const named = there?.withInputs([input], async () => {
    expect(await here?.removeInput(input, () => false)).toBe(true);
    return "row";
  });
  expect(await named).toBe("row");
  expect([...readFileSync((await there?.input(input)) ?? "")]).toEqual([1]);
  // A server died between its two questions.
  const kept = join(inputs, input);
  renameSync(kept, join(inputs, ".removed", input));
  expect(await here?.removeInput(input, () => true)).toBe(false);
  expect(existsSync(kept)).toBe(true);
  expect(existsSync(join(inputs, ".removed", input))).toBe(false);
});

test("what a shared folder has of tasks that are not known here stays while it is young, and so do drafts", async () => {
  const { outputs, inputs } = newFolders();
  const { onTheWay } = sharedImages(outputs, inputs, Math.random);
  const [young, old] = [newTaskId(), newTaskId()];
  const facts = { seed: 1n, timings: { loading: 0, encoding: 1, denoising: 1, decoding: 1 } };
  for (const task of [young, old])
    await onTheWay.keep(task, 0, { done: 0, by: null, facts, png: new Uint8Array(1) });
  utimesSync(join(outputs, ".on-the-way", old), 0, 0);
  await onTheWay.dropOthers([]);
  expect([(await onTheWay.of(young)).size, (await onTheWay.of(old)).size]).toEqual([1, 0]);
  mkdirSync(join(outputs, ".drafts"), { recursive: true });
  const draft = join(outputs, ".drafts", "other.tmp");
  writeFileSync(draft, "");
  const halfAnHourAgo = Date.now() / 1000 - 1800;
  utimesSync(draft, halfAnHourAgo, halfAnHourAgo);
  sharedImages(outputs, inputs, Math.random);
  expect(existsSync(draft)).toBe(true);
});

test("a random name that is taken is drawn again", async () => {
  const { outputs, inputs } = newFolders();
  const draws = [0.1, 0.1, 0.2];
  const images = folderImages(outputs, inputs, () => draws.shift() ?? 0.9);
  const names = [];
  for (let i = 0; i < 2; i += 1)
    names.push((await images.put(new Uint8Array(1), "png", new Date(0))).name.slice(-8));
  expect(names).toEqual(["1900.png", "2800.png"]);
});

test("a link that leads out of the outputs is not followed", async () => {
  const { outputs, inputs } = newFolders();
  mkdirSync(join(outputs, "day"), { recursive: true });
  symlinkSync("/etc/hostname", join(outputs, "day", "x.png"));
  expect(await folderImages(outputs, inputs, Math.random).output("day", "x.png")).toBeUndefined();
});

test("drafts are gone after a write, and those of a crash after a while", async () => {
  const { outputs, inputs } = newFolders();
  const images = folderImages(outputs, inputs, Math.random);
  await images.put(new Uint8Array(1), "png", new Date(0));
  const drafts = join(outputs, ".drafts");
  expect(readdirSync(drafts)).toEqual([]);
  for (const name of ["old.tmp", "new.tmp"]) writeFileSync(join(drafts, name), "");
  utimesSync(join(drafts, "old.tmp"), 0, 0);
  folderImages(outputs, inputs, Math.random);
  expect(readdirSync(drafts)).toEqual(["new.tmp"]);
});

test("a folder that takes nothing is a storage error, and leaves nothing behind", async () => {
  const { outputs, inputs } = newFolders();
  mkdirSync(outputs, { recursive: true });
  writeFileSync(join(outputs, "1970-01-01"), "a file where the day should be");
  const images = folderImages(outputs, inputs, Math.random);
  await expect(images.put(new Uint8Array(1), "png", new Date(1970, 0, 1))).rejects.toMatchObject({
    code: "storage-failed",
  });
  expect(existsSync(join(outputs, ".drafts"))).toBe(false);
});

test("names and addresses", () => {
  expect(["a", "ein Bild", "ä.b-1"].every(isCleanName)).toBe(true);
  expect(
    ["", ".", "..", ".a", "a/b", "a\\b", "a\0", "a\nb", "a\ud800", "ä".repeat(128)].some(isCleanName),
  ).toBe(false);
  // A client's own name leaves room for what is put behind it.
  expect([isSaveName("ä".repeat(100)), isSaveName("ä".repeat(101))]).toEqual([true, false]);
  expect(keptImageOf("http://h:1/outputs/2026-01-01/a%20b.png?x=1")).toEqual({
    folder: "2026-01-01",
    name: "a b.png",
  });
  expect(keptImageOf("http://h/outputs/d/100%.png")).toEqual({ folder: "d", name: "100%.png" });
});
