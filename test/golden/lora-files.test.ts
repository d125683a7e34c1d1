import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { ModelError } from "#/lib/errors.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import type { LoraBranch } from "#/weights/lora/lora.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { modelsTable } from "../support/models-table.ts";

/**
 * Every row of the LoRA table in docs/models.md, on a file that the row's package wrote (scripts/golden/lora_files.py).
 * A file that is read must change exactly the modules that the package changes, by the same difference: compared as its
 * product with one vector, in float64 here and there. Both sides multiply float32 factors, so 1e-6 is their last bit.
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

/** scale · up · down times sin(1), sin(2) ... */
function product({ down, up, scale }: LoraBranch): number[] {
  const a = readWeight(down);
  const b = readWeight(up);
  const rank = down.shape[0] ?? 0;
  const width = a.length / rank;
  const low = Array.from({ length: rank }, (_, r) => {
    let sum = 0;
    for (let i = 0; i < width; i += 1) sum += (a[r * width + i] ?? Number.NaN) * Math.sin(i + 1);
    return sum;
  });
  return Array.from({ length: b.length / rank }, (_, o) =>
    low.reduce((sum, value, r) => sum + scale * (b[o * rank + r] ?? Number.NaN) * value, 0),
  );
}

for (const { kind, here, proof } of rows) {
  const path = goldenPath(`models/${proof}`);
  if (here.startsWith("read")) {
    test(`${kind}: read, with the package's differences (${proof})`, () => {
      const lora = readLora(path, checkpoint, 0);
      const found = (["unet", "textL", "textG"] as const).flatMap((part) =>
        [...lora[part]].map(([module, branches]) => ({ key: `${proof}|${part}|${module}`, branches })),
      );
      expect(found.map(({ key }) => key).toSorted()).toEqual(
        measured.filter((key) => key.startsWith(`${proof}|`)).toSorted(),
      );
      expect(found.length).toBeGreaterThan(0);
      for (const { key, branches } of found) {
        const [branch] = branches;
        if (branch === undefined || branches.length > 1) throw new Error(`${key} has not one branch`);
        const wanted = [...expected(key).data];
        const largest = Math.max(...wanted.map(Math.abs), Number.MIN_VALUE);
        const off = product(branch).map((value, i) => Math.abs(value - (wanted[i] ?? Number.NaN)) / largest);
        expect([key, Math.max(...off) < tolerance]).toEqual([key, true]);
      }
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
