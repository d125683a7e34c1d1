import { expect, test } from "bun:test";
import fc from "fast-check";
import { fitToSizeNumber, fittedSize } from "#/image/operations/fit-to-size-number.ts";
import { sizeNumber } from "#/image/operations/size-number.ts";
import { roundHalfEven } from "#/lib/round-half-even.ts";

const of = (height: number, width: number) => ({ width, height });

test("halves are rounded to the even integer", () => {
  expect([0.5, 1.5, 2.5, -1.5, -2.5, 0.49, 2.51, 7, 1e15 + 0.5].map(roundHalfEven)).toEqual([
    0, 2, 2, -2, -2, 0, 3, 7, 1e15,
  ]);
});

const known = [
  { height: 512, width: 512, number: 512, fitted: of(1024, 1024) },
  { height: 768, width: 512, number: 640, fitted: of(1216, 832) },
  { height: 1080, width: 1920, number: 1472, fitted: of(768, 1344) },
  { height: 3000, width: 2000, number: 2496, fitted: of(1216, 832) },
  { height: 1000, width: 1040, number: 1024, fitted: of(1000, 1040) },
  { height: 300, width: 900, number: 576, fitted: of(576, 1728) },
  { height: 100, width: 2000, number: 448, fitted: of(256, 4032) },
];

for (const { height, width, number, fitted } of known)
  test(`${height} x ${width} has number ${number}`, () => {
    expect(sizeNumber({ width, height })).toBe(number);
    expect(fittedSize({ width, height }, 1024)).toEqual(fitted);
  });

test("a size whose number fits keeps odd sides, unless they are always rounded", () => {
  expect(fittedSize(of(1001, 1003), 1024)).toEqual(of(1001, 1003));
  expect(fittedSize(of(1001, 1003), 1024, "always")).toEqual(of(1024, 1024));
  // Rounding alone would leave it at 960.
  expect(fittedSize(of(970, 970), 1024, "always")).toEqual(of(1024, 1024));
  expect(fittedSize(of(3000, 4000), 2048)).toEqual(of(1728, 2304));
});

test("a side that would become nothing is told, and the most extreme that does not is the reference's", () => {
  expect(fittedSize(of(4, 2000), 1024)).toBeUndefined();
  expect(fittedSize(of(1, 1024), 1024)).toBeUndefined();
  expect(fittedSize(of(8, 1500), 1024)).toEqual(of(64, 14656));
  expect(fitToSizeNumber({ width: 1, height: 1024, data: new Uint8Array(3072) }, 1024)).toBeUndefined();
});

test("whatever comes, what is fitted has sides of multiples of 64, or is as it came", () => {
  const side = fc.integer({ min: 1, max: 5000 });
  fc.assert(
    fc.property(side, side, fc.constantFrom(1024, 1536, 2048), (width, height, wanted) => {
      const always = fittedSize({ width, height }, wanted, "always");
      if (always !== undefined) expect([always.width % 64, always.height % 64]).toEqual([0, 0]);
      if (sizeNumber({ width, height }) === wanted)
        expect(fittedSize({ width, height }, wanted)).toEqual({ width, height });
    }),
  );
});
