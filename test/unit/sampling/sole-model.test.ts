import { expect, test } from "bun:test";
import { soleModel } from "#/sampling/sole-model.ts";

test("a run as good as whole has a part for both", () => {
  expect(soleModel({ steps: 30, at: 24, denoise: 1 })).toBeUndefined();
  expect(soleModel({ steps: 30, at: 24, denoise: 0.91 })).toBeUndefined();
});

test("a shorter one is walked by the model in whose part of a whole run it starts", () => {
  // ((30 - 24) / 30) ^ 0.834 = 0.2612...
  expect(soleModel({ steps: 30, at: 24, denoise: 0.9 })).toBe("first");
  expect(soleModel({ steps: 30, at: 24, denoise: 0.262 })).toBe("first");
  expect(soleModel({ steps: 30, at: 24, denoise: 0.261 })).toBe("second");
  expect(soleModel({ steps: 18, at: 9, denoise: 0.5 })).toBe("second");
});

test("a switch at the end or beyond leaves the run to the first one", () => {
  for (const at of [18, 24]) expect(soleModel({ steps: 18, at, denoise: 0.1 })).toBe("first");
});
