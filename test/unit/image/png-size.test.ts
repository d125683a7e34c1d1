import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeImage } from "#/image/encode.ts";
import { pngSize } from "#/image/png-size.ts";

const folder = mkdtempSync(join(tmpdir(), "png-size-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the size of a kept picture is read from its first bytes; of anything else there is none", async () => {
  const png = await encodeImage({ width: 301, height: 2, data: new Uint8Array(301 * 2 * 3) }, "png");
  const path = join(folder, "a.png");
  await Bun.write(path, png);
  expect(pngSize(path)).toEqual({ width: 301, height: 2 });
  await Bun.write(path, png.subarray(0, 20));
  expect(pngSize(path)).toBeUndefined();
  await Bun.write(path, new Uint8Array(100));
  expect(pngSize(path)).toBeUndefined();
  expect(pngSize(join(folder, "none.png"))).toBeUndefined();
});
