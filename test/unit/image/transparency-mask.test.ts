import { expect, test } from "bun:test";
import { transparencyMask } from "#/image/transparency-mask.ts";

const picture = (alphas: readonly number[]) => ({
  width: alphas.length,
  height: 1,
  channels: 4 as const,
  frames: 1,
  data: new Uint8Array(alphas.flatMap((alpha) => [10, 20, 30, alpha])),
});

test("white is what is transparent, and a soft edge stays one", async () => {
  const mask = await transparencyMask(picture([0, 255, 100, 200]));
  expect(mask).toEqual({ width: 4, height: 1, channels: 1, data: new Uint8Array([255, 0, 155, 55]) });
});

test("where nothing is more transparent than not, there is no mask", async () => {
  expect(await transparencyMask(picture([255, 128]))).toBeUndefined();
  expect(await transparencyMask(picture([255, 127]))).toBeDefined();
  const plain = { width: 1, height: 1, channels: 3, frames: 1, data: new Uint8Array(3) } as const;
  expect(await transparencyMask(plain)).toBeUndefined();
});
