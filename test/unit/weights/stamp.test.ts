import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertNotWritten, isUnchanged, stampAt } from "#/weights/stamp.ts";

const folder = mkdtempSync(join(tmpdir(), "stamp-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of one content, as it was when it was looked at. */
function looked(name: string) {
  const path = join(folder, name);
  writeFileSync(path, "one");
  return { path, stamp: stampAt(path) };
}

test("a file that was written into is another one, though its size and time are set to what they were", async () => {
  const file = looked("restored");
  const { atime, mtime } = statSync(file.path);
  expect(isUnchanged(file)).toBe(true);
  await Bun.sleep(20); // the clock of a file system may be as coarse
  writeFileSync(file.path, "two");
  utimesSync(file.path, atime, mtime);
  expect(isUnchanged(file)).toBe(false);
});

test("what is mapped is harmed by writing into it, not by a new mode, another file in its place, or its end", async () => {
  const file = looked("mapped");
  await Bun.sleep(20);
  chmodSync(file.path, 0o600);
  assertNotWritten([file]);
  const { path } = looked("other");
  renameSync(path, file.path);
  assertNotWritten([file]);
  rmSync(file.path);
  assertNotWritten([file]);
  const written = looked("written");
  await Bun.sleep(20);
  writeFileSync(written.path, "two");
  expect(() => assertNotWritten([file, written])).toThrow(
    /^written was written over while a picture was drawn with it\./,
  );
});
