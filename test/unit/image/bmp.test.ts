import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeImage } from "#/image/decode.ts";
import { RequestError } from "#/lib/errors.ts";
import { goldenPath } from "../../support/golden.ts";

const { cases } = await Bun.file(goldenPath("decoding.json")).json();
const files = Object.entries(cases as Record<string, { file: string }>)
  .filter(([name]) => name.startsWith("bmp"))
  .map(([, { file }]) => Buffer.from(file, "base64"));
const [plain = Buffer.alloc(0)] = files;

/** A BMP with one value of its header changed. */
function changed(at: number, write: (file: Buffer, at: number) => void): Buffer {
  const file = Buffer.from(plain);
  write(file, at);
  return file;
}
const reason = (file: Uint8Array) => decodeImage(file, "f").catch((thrown: Error) => thrown.message);

test("a BMP that claims much is refused by its claim, before a row of it is read", async () => {
  const wide = changed(18, (file, at) => file.writeInt32LE(100_000, at));
  await expect(decodeImage(wide, "f")).rejects.toMatchObject({ code: "too-large", details: { field: "f" } });
});

test("what of it is not read is said", async () => {
  expect(await reason(changed(30, (file, at) => file.writeUInt32LE(1, at)))).toContain("compressed BMP");
  expect(await reason(changed(28, (file, at) => file.writeUInt16LE(2, at)))).toContain("2 bits a pixel");
  expect(await reason(changed(14, (file, at) => file.writeUInt32LE(20, at)))).toContain("BMP header");
  expect(await reason(changed(18, (file, at) => file.writeInt32LE(0, at)))).toContain("0×");
  expect(await reason(plain.subarray(0, -8))).toContain("the file ends before its picture does");
});

test("a damaged one is a picture or a refusal, never a crash", async () => {
  const damage = fc.array(fc.tuple(fc.nat(160), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), damage, fc.nat(300), async (file, writes, length) => {
      const copy = Uint8Array.from(file);
      for (const [at, value] of writes) copy[at % copy.length] = value;
      try {
        const { width, height, data } = await decodeImage(copy.subarray(0, Math.max(2, length)), "f");
        expect(data.length).toBe(width * height * 3);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RequestError);
      }
    }),
    { numRuns: 2000 },
  );
});
