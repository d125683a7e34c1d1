import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "#/native/cache.ts";

test.each([
  [{ FOOOCUSD_CACHE_DIR: "/data/cache", XDG_CACHE_HOME: "/xdg", HOME: "/home/a" }, "/data/cache"],
  [{ FOOOCUSD_CACHE_DIR: "", XDG_CACHE_HOME: "/xdg", HOME: "/home/a" }, "/xdg/fooocusd"],
  [{ XDG_CACHE_HOME: "relative", HOME: "/home/a" }, "/home/a/.cache/fooocusd"],
  [{ HOME: "/home/a" }, "/home/a/.cache/fooocusd"],
  [{ HOME: "/nonexistent" }, join(tmpdir(), `fooocusd-${process.getuid?.()}`)],
  [{ HOME: "/" }, join(tmpdir(), `fooocusd-${process.getuid?.()}`)],
])("%p -> %p", (environment, folder) => {
  expect(cacheFolder(environment)).toBe(folder);
});
