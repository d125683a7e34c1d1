import { expect, test } from "bun:test";
import { readSidecar } from "#/catalog/sidecar.ts";
import { workingSizeNumber } from "#/recipe/working-size-number.ts";

test("pictures are brought to SDXL's size, or to what the file beside the checkpoint says", () => {
  const said = (value: unknown): number =>
    workingSizeNumber(readSidecar(JSON.stringify({ size_number: value }), "a.json").sidecar);
  expect(workingSizeNumber({})).toBe(1024);
  expect(said(256)).toBe(256);
  for (const wrong of [0, 100, 32, 8192, "256", 256.5]) expect(said(wrong)).toBe(1024);
  expect(readSidecar('{"size_number": 100}', "a.json").faults).toEqual([
    "a.json: size_number cannot be 100 and is passed over.",
  ]);
});
