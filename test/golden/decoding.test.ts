import { expect, test } from "bun:test";
import { decodeImage } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { goldenPath } from "../support/golden.ts";

/** A file and what Pillow reads from it: rows of RGB in base64, over black only where that is something else. */
type Case = Readonly<{
  file: string;
  width: number;
  height: number;
  picture: string;
  mask?: string;
  tolerance?: number;
}>;
const { cases }: Readonly<{ cases: Readonly<Record<string, Case>> }> = await Bun.file(
  goldenPath("decoding.json"),
).json();

/**
 * Decoders of the same stream may differ by this much: AVIF is the one that does, whose colours are turned into RGB by
 * libheif here and by libavif there. JPEG and lossy WebP come out equal to the byte.
 */
const tolerances: Readonly<Record<string, number>> = { avif: 1, "avif-alpha": 1, "avif-turned": 1 };

for (const [name, golden] of Object.entries(cases)) {
  test(`${name}: the pixels that Pillow reads, over white as a picture and over black as a mask`, async () => {
    const bytes = Buffer.from(golden.file, "base64");
    for (const [ground, wanted] of [
      ["white", golden.picture],
      ["black", golden.mask ?? golden.picture],
    ] as const) {
      const { width, height, data } = await decodeImage(bytes, "image", new DecodeGate(), ground);
      expect([width, height]).toEqual([golden.width, golden.height]);
      const expected = Buffer.from(wanted, "base64");
      expect(data.length).toBe(expected.length);
      const furthest = data.reduce((most, v, i) => Math.max(most, Math.abs(v - (expected[i] ?? 999))), 0);
      expect(furthest).toBeLessThanOrEqual(tolerances[name] ?? 0);
    }
  });
}

test("every mode is there that clients send", () => {
  const kinds = new Set(Object.keys(cases).map((name) => name.split("-")[0]));
  expect([...kinds].toSorted((a, b) => (a ?? "").localeCompare(b ?? ""))).toEqual([
    "avif",
    "bmp",
    "gif",
    "jpeg",
    "png",
    "tiff",
    "webp",
  ]);
});
