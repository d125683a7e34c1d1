import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { ModelError } from "#/lib/errors.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { tucker } from "#/weights/lora/ingredient.ts";
import type { Lora, LoraBranch } from "#/weights/lora/lora.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { changedWeights } from "../support/changed-weights.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { modelsTable } from "../support/models-table.ts";

/**
 * Every row of the LoRA table in docs/models.md, on a file that the row's package wrote (scripts/golden/lora_files.py).
 * A file that is read must change exactly the modules that the package changes, by the same difference: compared as its
 * product with one vector, in float64 here and there. Both sides multiply float32 factors, so 1e-6 is their last bit. What
 * changes weights themselves is compared as the runtime makes it, relative to the weight where that is the larger.
 */
const tolerance = 1e-6;

const rows = modelsTable("LoRA files");
const checkpoint = sdxlCheckpoint(readSafetensors(await tinyCheckpoint()));
const deltas = "lora-files.safetensors";
const expected = goldenTensors(deltas);
const measured = [...readSafetensors(goldenPath(deltas)).tensors.keys()];

test("every file has a row, and every row a file", () => {
  const files = readdirSync(goldenPath("models")).filter((name) => name.startsWith("lora-"));
  expect(rows.map(({ proof }) => proof).toSorted()).toEqual(files.toSorted());
});

/** Rows times sin(1), sin(2) ... */
function probed(values: ArrayLike<number>, rows: number): number[] {
  const width = values.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < width; i += 1) sum += (values[row * width + i] ?? Number.NaN) * Math.sin(i + 1);
    return sum;
  });
}

/** The largest error, relative to the largest of some numbers. */
function error(found: readonly number[], wanted: readonly number[], beside: readonly number[] = []): number {
  const largest = Math.max(...[...wanted, ...beside].map(Math.abs), Number.MIN_VALUE);
  return Math.max(...wanted.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN)))) / largest;
}

/** scale · up · down times the vector. */
function product({ down, up, mid, scale }: LoraBranch): number[] {
  const a = mid === undefined ? readWeight(down) : tucker(mid, down);
  const b = readWeight(up);
  const rank = down.shape[0] ?? 0;
  const low = probed(a, rank);
  return Array.from({ length: b.length / rank }, (_, o) =>
    low.reduce((sum, value, r) => sum + scale * (b[o * rank + r] ?? Number.NaN) * value, 0),
  );
}

/** At other strengths than 1 a difference is so many times that at 1, unless the file of answers has its own. */
const strengths = [1, 0.6, -0.5, 0];

/** Compares every weight that a file changes, and answers with their names. */
async function compareChanges(lora: Lora, proof: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const part of ["unet", "textL", "textG"] as const) {
    const tensors = [...lora.changes[part].keys()];
    keys.push(...tensors.map((tensor) => `${proof}|${part}|${tensor}`));
    if (tensors.length === 0) continue;
    const answers = await changedWeights(lora, part, checkpoint[part], strengths);
    for (const [at, strength] of strengths.entries())
      for (const tensor of tensors) {
        const key = `${proof}|${part}|${tensor}`;
        const curved = measured.includes(`${key}@${strength}`);
        const own = [...expected(curved ? `${key}@${strength}` : key).data];
        const wanted = curved ? own : own.map((value) => value * strength);
        const ref = checkpoint[part].get(tensor);
        const weight = answers[at]?.get(tensor);
        if (ref === undefined || weight === undefined) throw new Error(`${key} was not answered`);
        const base = readWeight(ref);
        const rows = ref.shape[0] ?? 1;
        const difference = Float64Array.from(weight.data, (value, i) => value - (base[i] ?? Number.NaN));
        const off = error(probed(difference, rows), wanted, probed(base, rows));
        expect([key, strength, off < tolerance, off]).toEqual([key, strength, true, off]);
      }
  }
  return keys.toSorted();
}

for (const { kind, here, proof } of rows) {
  const path = goldenPath(`models/${proof}`);
  if (here.startsWith("read")) {
    test(`${kind}: read, with the package's differences (${proof})`, async () => {
      const lora = readLora(path, checkpoint, 0);
      const found = (["unet", "textL", "textG"] as const).flatMap((part) =>
        [...lora[part]].map(([module, branches]) => ({ key: `${proof}|${part}|${module}`, branches })),
      );
      expect(found.map(({ key }) => key).toSorted()).toEqual(
        measured.filter((key) => key.startsWith(`${proof}|`) && !/\.(weight|bias)(@|$)/.test(key)).toSorted(),
      );
      for (const { key, branches } of found) {
        const [branch] = branches;
        if (branch === undefined || branches.length > 1) throw new Error(`${key} has not one branch`);
        const off = error(product(branch), [...expected(key).data]);
        expect([key, off < tolerance]).toEqual([key, true]);
      }
      const changed = await compareChanges(lora, proof);
      expect(changed).toEqual(
        measured.filter((key) => key.startsWith(`${proof}|`) && /\.(weight|bias)$/.test(key)).toSorted(),
      );
      expect(found.length + changed.length).toBeGreaterThan(0);
      // What follows "read" is what the record's warnings say.
      const told = here.slice("read".length).replace(/^; told: /, "");
      if (told === "") expect(lora.notes).toEqual([]);
      else expect(lora.notes.join(" ")).toContain(told);
    });
  } else {
    test(`${kind}: ${here} (${proof})`, () => {
      const words = /^refused: (.+)$/.exec(here)?.[1];
      if (words === undefined) throw new Error(`${kind} is neither read nor refused: ${here}`);
      const error = refusal(path);
      expect(error.code).toBe("lora-unsupported");
      expect(error.message).toContain(words);
      expect(error.message).toStartWith(`${proof} cannot be used as a LoRA: `);
      expect(error.details["path"]).toBe(path);
    });
  }
}

function refusal(path: string): ModelError {
  try {
    readLora(path, checkpoint, 0);
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown;
    throw thrown;
  }
  throw new Error("it was not refused");
}
