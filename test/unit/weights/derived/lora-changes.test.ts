import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changedBytes, changesInPlace, loraChanges, planChanges } from "#/weights/derived/lora-changes.ts";
import type { LoraChanges } from "#/weights/lora/change.ts";
import { type Ingredient, tensor } from "#/weights/lora/ingredient.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { stored, writeTensors } from "../../../support/write-safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "changes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = readSafetensors(
  writeTensors(join(folder, "lora.safetensors"), {
    up: stored("F16", [3, 2], [1, 2, 3, 4, 5, 6]),
    down: stored("F16", [2, 4], [1, 0, 0, 1, 0, 1, 1, 0]),
    diff: stored("F16", [3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
  }),
);
const ref = (name: string) => file.tensors.get(name)!;

/** A tensor that has to be written, as one does that its file has packed. */
function made(name: string, factor: number): Ingredient {
  const { place: _, ...written } = tensor(ref(name), ref(name).shape, factor);
  return written;
}

const products = (scale: number): LoraChanges =>
  new Map([["m.weight", [{ form: "product", parts: { up: made("up", scale), down: made("down", 1) } }]]]);
const whole: LoraChanges = new Map([
  ["m.weight", [{ form: "whole", parts: { values: tensor(ref("diff")) } }]],
]);

test("what is made is written and read again, what lies as it is wanted stays in its file", async () => {
  const plan = planChanges([products(0.5), whole]);
  const derived = loraChanges(plan, [file]);
  const path = join(folder, "derived.safetensors");
  expect(derived.read(path)).toBeUndefined();
  await derived.write(path);
  const [product, values] = derived.read(path)?.get("m.weight") ?? [];
  expect([product?.owner, values?.owner]).toEqual([0, 1]);
  expect([...readWeight(product!.parts["up"]!)]).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
  expect(values?.parts["values"]?.path).toBe(file.path);
  expect(changedBytes(plan)).toBe(derived.size + 24);
  truncateSync(path, derived.size - 4);
  expect(derived.read(path)).toBeUndefined();
});

test("what lies in files needs no other, its scale included", () => {
  const scaled = new Map([
    ["m.weight", [{ form: "whole", parts: { values: tensor(ref("diff"), [4, 3], 0.5) } } as const]],
  ]);
  const [change] = changesInPlace(planChanges([scaled]))?.get("m.weight") ?? [];
  expect(change?.parts["values"]).toEqual({ ...ref("diff"), shape: [4, 3], scale: 0.5 });

  const plan = planChanges([whole]);
  expect(changesInPlace(plan)?.get("m.weight")?.[0]?.parts["values"]?.path).toBe(file.path);
  expect(changedBytes(plan)).toBe(24);
  expect(changesInPlace(planChanges([products(1)]))).toBeUndefined();
});

test("another scale is another file", () => {
  const plans = [0.5, 0.25].map((scale) => loraChanges(planChanges([products(scale)]), [file]).plan);
  expect(plans[0]).not.toEqual(plans[1]);
});
