import { expect, test } from "bun:test";
import { TextCache } from "#/pipeline/text-cache.ts";
import { zeros } from "#/tensor/tensor.ts";

/** A text of so many sections, in a network of 2048 channels; remembers which were made. */
function cacheOf() {
  const cache = new TextCache();
  const made: string[] = [];
  const ask = (key: string, sections: number) =>
    cache.conditioning(key, async () => {
      made.push(key);
      return { context: zeros([1, 77 * sections, 2048]), pooled: zeros([1, 4]) };
    });
  return { ask, made, cache };
}

test("texts are kept by their bytes: 128 long ones would have been gigabytes", async () => {
  const { ask, made } = cacheOf();
  await ask("old", 100);
  await ask("new", 100);
  await ask("new", 100);
  // Two of them are 126 MB, three are too many: the one that was asked for least lately goes.
  await ask("newest", 100);
  await ask("new", 100);
  await ask("old", 100);
  expect(made).toEqual(["old", "new", "newest", "old"]);
});

test("one that is too large by itself is made and not kept", async () => {
  const { ask, made } = cacheOf();
  expect((await ask("large", 250)).context.dims).toEqual([1, 19_250, 2048]);
  await ask("large", 250);
  expect(made).toEqual(["large", "large"]);
});

test("a cleared cache has room again", async () => {
  const { ask, made, cache } = cacheOf();
  await ask("a", 150);
  cache.clear();
  await ask("b", 150);
  await ask("b", 150);
  expect(made).toEqual(["a", "b"]);
});
