import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PictureCache } from "#/stores/images/s3/picture-cache.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-cache-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const newRoot = (): string => join(root, crypto.randomUUID());
const of = (etag: string) => ({ etag, at: 1_700_000_000_000, size: 40 });

test("what was unused longest makes room, what is in use stays", async () => {
  const cache = new PictureCache(newRoot(), 100, 0);
  await cache.keep("a/1.png", new Uint8Array(40), of("1"));
  await Bun.sleep(5);
  await cache.keep("a/2.png", new Uint8Array(40), of("2"));
  await Bun.sleep(5);
  expect(cache.path("a/1.png")).toBeDefined();
  await Bun.sleep(5);
  await cache.keep("a/3.png", new Uint8Array(40), of("3"));
  expect(["1", "2", "3"].map((name) => cache.path(`a/${name}.png`) !== undefined)).toEqual([
    true,
    false,
    true,
  ]);
  const careful = new PictureCache(newRoot(), 100);
  for (const name of ["1", "2", "3"]) await careful.keep(name, new Uint8Array(40), of(name));
  expect(["1", "2", "3"].every((name) => careful.path(name) !== undefined)).toBe(true);
});

test("what an earlier process left counts, and goes when there is no room", async () => {
  const folder = newRoot();
  await new PictureCache(folder, 1000).keep("old.png", new Uint8Array(90), of("1"));
  await Bun.sleep(5);
  const cache = new PictureCache(folder, 100, 0);
  await cache.keep("new.png", new Uint8Array(40), of("2"));
  expect([cache.path("old.png"), cache.path("new.png")]).toEqual([undefined, join(folder, "new.png")]);
});

test("a file has its object's time, and is its object's as long as the tag, or what else is known, agrees", async () => {
  const folder = newRoot();
  const cache = new PictureCache(folder, 1000);
  const path = await cache.keep("a.png", new Uint8Array(40), { etag: "1" });
  expect(cache.isFresh("a.png", 1000)).toBe(false);
  expect(await cache.agrees("a.png", path, of("1"))).toBe(true);
  expect([statSync(path).mtimeMs, cache.isFresh("a.png", 1000)]).toEqual([1_700_000_000_000, true]);
  expect(await cache.agrees("a.png", path, of("2"))).toBe(false);
  const later = new PictureCache(folder, 1000);
  expect(await later.agrees("a.png", path, of("whatever"))).toBe(true);
  writeFileSync(path, new Uint8Array(40));
  const latest = new PictureCache(folder, 1000);
  expect(await latest.agrees("a.png", path, of("1"))).toBe(false);
  await cache.remove("a.png");
  expect(cache.path("a.png")).toBeUndefined();
});
