import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isUnchanged, stampAt } from "#/weights/stamp.ts";

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
