import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  broadcast,
  convolved,
  type Dimension,
  product,
  quotient,
  reshaped,
  strides,
  sum,
} from "#/graph/dimensions.ts";
import { BugError } from "#/lib/errors.ts";
import { evaluateDimension } from "../../support/evaluate-dimension.ts";

test("equal lengths are equal texts", () => {
  expect(product(["w", 2, "N", "h", 3])).toBe("6*N*h*w");
  expect(product([product(["h", "w"]), product(["N", 6])])).toBe("6*N*h*w");
  expect(product([])).toBe(1);
  expect(product([0, "h"])).toBe(0);
  expect(strides("h", 1, 2)).toBe("ceil(h/2)");
  expect(strides(strides("h", 1, 2), 1, 2)).toBe("ceil(h/4)");
  expect(strides(strides("H", 0, 2), 0, 2)).toBe("floor(H/4)");
  expect(strides("8*h", 0, 2)).toBe("4*h");
  expect(quotient("6*N*h*w", product([2, "w", "N"]))).toBe("3*h");
  expect(quotient("6*N", 4)).toBeUndefined();
  expect(quotient("N", "h")).toBeUndefined();
  expect(sum([320, 640])).toBe(960);
});

const names = ["N", "h", "w"];
const dimension: fc.Arbitrary<Dimension> = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(...names)),
  dim: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc.tuple(tie("dim"), tie("dim")).map((pair) => product(pair as Dimension[])),
    fc
      .tuple(tie("dim"), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 4 }))
      .map(([dim, offset, divisor]) => strides(dim as Dimension, offset, divisor)),
    fc.tuple(tie("dim"), tie("dim")).map((pair) => sum(pair as Dimension[])),
  ),
})).dim as fc.Arbitrary<Dimension>;
const sizes = fc.record({ N: fc.nat(9), h: fc.nat(99), w: fc.nat(99) });

test("expressions mean what they were made from, whatever the names stand for", () => {
  const check = (a: Dimension, b: Dimension, values: Record<string, number>): void => {
    const value = (dim: Dimension): number => evaluateDimension(dim, values);
    expect(value(product([a, b]))).toBe(value(a) * value(b));
    expect(value(sum([a, b]))).toBe(value(a) + value(b));
    for (const [offset, divisor] of [
      [0, 2],
      [1, 2],
      [0, 3],
      [2, 3],
      [1, 3],
      [-1, 2],
    ] as const)
      expect(value(strides(a, offset, divisor))).toBe(Math.floor((value(a) + offset) / divisor));
    const whole = product([a, b]);
    if (whole !== 0 && a !== 0) expect(quotient(whole, a)).toBe(b);
  };
  fc.assert(fc.property(dimension, dimension, sizes, check), { numRuns: 500 });
});

test("shapes follow ONNX's rules, and what does not fit is told", () => {
  expect(broadcast(["N", 77, 64], [77, 64])).toEqual(["N", 77, 64]);
  expect(broadcast(["N", 1, "h"], [5, 1])).toEqual(["N", 5, "h"]);
  expect(() => broadcast(["N", 3], ["N", 4])).toThrow(BugError);
  expect(() => broadcast(["h"], ["w"])).toThrow("[h] and [w] cannot be stretched");
  expect(reshaped(["N", 64, "h", "w"], [0, 32, -1])).toEqual(["N", 32, "2*h*w"]);
  expect(reshaped(["N", "h*w", 64], [-1, 64])).toEqual(["N*h*w", 64]);
  expect(reshaped(["N*h*w", 64], ["N", -1, 64])).toEqual(["N", "h*w", 64]);
  expect(reshaped(["N", 64, "h*w"], ["N", 64, "h", "w"])).toEqual(["N", 64, "h", "w"]);
  expect(() => reshaped(["N", 64], [0, 3, -1])).toThrow("[N, 64] cannot be seen as [0, 3, -1]");
  expect(() => reshaped(["N", 64], ["N", 32])).toThrow(BugError);
  expect(() => reshaped(["N", 64], [-1, -1])).toThrow(BugError);
  const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] } as const;
  expect(convolved(["N", 4, "h", "w"], 8, window)).toEqual(["N", 8, "h", "w"]);
  const down = { ...window, strides: [2, 2] } as const;
  expect(convolved(["N", 4, "h", 9], 8, down)).toEqual(["N", 8, "ceil(h/2)", 5]);
});
