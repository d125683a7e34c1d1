import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedFolder, unpack } from "#/native/unpack.ts";

const scratch = mkdtempSync(join(tmpdir(), "unpack-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const content = new TextEncoder().encode("a library, ".repeat(1000));
const packed = join(scratch, "a.zst");
writeFileSync(packed, Bun.zstdCompressSync(content));
const folder: EmbeddedFolder = {
  hash: "0123",
  files: [{ path: "deep/a.so", size: content.length, packed }],
};

test("a file is unpacked below a folder named by use and hash, for its owner only", () => {
  const target = unpack(join(scratch, "one"), "lib", folder);
  expect(target).toBe(join(scratch, "one", "lib-0123"));
  expect(readFileSync(join(target, "deep/a.so"))).toEqual(Buffer.from(content));
  expect(statSync(target).mode & 0o077).toBe(0);
  expect(readdirSync(join(target, "deep"))).toEqual(["a.so"]);
});

test("a file that is there is left alone, one that was cut short is replaced", () => {
  const target = unpack(join(scratch, "two"), "lib", folder);
  const file = join(target, "deep/a.so");
  const before = statSync(file).ino;
  unpack(join(scratch, "two"), "lib", folder);
  expect(statSync(file).ino).toBe(before);
  writeFileSync(file, "cut");
  unpack(join(scratch, "two"), "lib", folder);
  expect(readFileSync(file)).toEqual(Buffer.from(content));
});

test("a folder that others may write is refused", () => {
  const target = join(scratch, "three", "lib-0123");
  mkdirSync(target, { recursive: true });
  chmodSync(target, 0o777);
  expect(() => unpack(join(scratch, "three"), "lib", folder)).toThrow(/may be written by other users/);
  expect(readdirSync(target)).toEqual([]);
});

test("a parent that others may write was trusted: they could have exchanged the folder below it", () => {
  const parent = join(scratch, "four");
  mkdirSync(parent);
  chmodSync(parent, 0o777);
  expect(() => unpack(parent, "lib", folder)).toThrow(/four may be written by other users/);
  expect(readdirSync(parent)).toEqual([]);
  // As /tmp is: nobody moves what is another's.
  chmodSync(parent, 0o1777);
  expect(readdirSync(unpack(parent, "lib", folder))).toEqual(["deep"]);
});

test("a folder that is a link was followed to wherever its maker likes", () => {
  const parent = join(scratch, "five");
  mkdirSync(join(parent, "elsewhere"), { recursive: true });
  symlinkSync("elsewhere", join(parent, "lib-0123"));
  expect(() => unpack(parent, "lib", folder)).toThrow(/lib-0123 is no folder of its own/);
  expect(readdirSync(join(parent, "elsewhere"))).toEqual([]);
});

test("a file of the right size that others may write, or that is a link, is replaced", () => {
  const parent = join(scratch, "six");
  const file = join(unpack(parent, "lib", folder), "deep/a.so");
  writeFileSync(file, new Uint8Array(content.length));
  chmodSync(file, 0o666);
  unpack(parent, "lib", folder);
  expect(readFileSync(file)).toEqual(Buffer.from(content));
  const other = join(scratch, "other.so");
  writeFileSync(other, new Uint8Array(content.length));
  rmSync(file);
  symlinkSync(other, file);
  unpack(parent, "lib", folder);
  expect(readFileSync(file)).toEqual(Buffer.from(content));
  expect(readFileSync(other)).toEqual(Buffer.alloc(content.length));
});

test("a place that cannot be written is named, with the way out", () => {
  const file = join(scratch, "not-a-folder");
  writeFileSync(file, "");
  expect(() => unpack(file, "lib", folder)).toThrow(/not-a-folder.*Set FOOOCUSD_CACHE_DIR/);
});
