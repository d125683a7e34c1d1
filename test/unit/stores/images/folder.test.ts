import { afterAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderImages } from "#/stores/images/folder.ts";
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

test("a random name that is taken is drawn again", async () => {
  const { outputs, inputs } = newFolders();
  const draws = [0.1, 0.1, 0.2];
  const images = folderImages(outputs, inputs, () => draws.shift() ?? 0.9);
  const names = [];
  for (let i = 0; i < 2; i += 1)
    names.push((await images.put(new Uint8Array(1), "png", new Date(0))).name.slice(-8));
  expect(names).toEqual(["1900.png", "2800.png"]);
});

test("a link that leads out of the outputs is not followed", () => {
  const { outputs, inputs } = newFolders();
  mkdirSync(join(outputs, "day"), { recursive: true });
  symlinkSync("/etc/hostname", join(outputs, "day", "x.png"));
  expect(folderImages(outputs, inputs, Math.random).output("day", "x.png")).toBeUndefined();
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
