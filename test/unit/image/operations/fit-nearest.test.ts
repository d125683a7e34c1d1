import { expect, test } from "bun:test";
import { fitNearest } from "#/image/operations/fit-nearest.ts";

/** Digests of what torch's `nearest-exact` makes of the middle of a picture whose colours tell the place. */
const made = [
  { from: [9, 7], to: [8, 8], digest: "b445e95224740468" },
  { from: [10, 13], to: [16, 8], digest: "d6ee93bea865a713" },
  { from: [1003, 1001], to: [1000, 1000], digest: "b007bc2427b40424" },
] as const;

for (const { from, to, digest } of made)
  test(`${from.join(" x ")} as ${to.join(" x ")}, as torch has it`, () => {
    const [width, height] = from;
    const data = new Uint8Array(3 * width * height);
    for (let at = 0; at < width * height; at += 1) {
      const [x, y] = [(at % width) % 251, Math.floor(at / width) % 251];
      data.set([x, y, (3 * x + 7 * y) % 256], 3 * at);
    }
    const picture = { width, height, data };
    const found = fitNearest(picture, { width: to[0], height: to[1] });
    const hash = new Bun.CryptoHasher("sha256").update(found.data).digest("hex");
    expect(hash.slice(0, 16)).toBe(digest);
    expect(fitNearest(picture, picture)).toBe(picture);
  });
