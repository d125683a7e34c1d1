import { expect, test } from "bun:test";
import fc from "fast-check";
import sharp from "sharp";
import { encodeSent } from "#/image/encode.ts";
import { plainPng } from "#/image/plain-png.ts";

const drawn = sharp({ create: { width: 5, height: 4, channels: 4, background: "#12345678" } });

test("what we keep of pictures that were sent is such a file; one with anything beside its pixels is none", async () => {
  for (const channels of [3, 4] as const) {
    const data = new Uint8Array(5 * 4 * channels).fill(9);
    const picture = { width: 5, height: 4, frames: 1, channels, data } as unknown as Parameters<
      typeof encodeSent
    >[0];
    expect(plainPng(await encodeSent(picture))).toBe(true);
  }
  const png = await drawn.clone().png().toBuffer();
  expect(plainPng(png)).toBe(true);
  expect(plainPng(Buffer.concat([png, Buffer.from("x")]))).toBe(false);
  expect(plainPng(png.subarray(0, -1))).toBe(false);
  const written = await drawn
    .clone()
    .withExif({ IFD0: { Software: "x" } })
    .png()
    .toBuffer();
  expect(plainPng(written)).toBe(false);
  expect(plainPng(await drawn.clone().jpeg().toBuffer())).toBe(false);
  expect(plainPng(await drawn.clone().withIccProfile("p3").png().toBuffer())).toBe(false);
});

test("whatever the bytes are, it ends and says a boolean", async () => {
  const png = new Uint8Array(await drawn.clone().png().toBuffer());
  fc.assert(
    fc.property(fc.nat(png.length - 1), fc.nat(255), fc.nat(png.length), (at, byte, end) => {
      const copy = png.slice(0, end);
      if (at < copy.length) copy[at] = byte;
      expect([true, false]).toContain(plainPng(copy));
    }),
  );
});
