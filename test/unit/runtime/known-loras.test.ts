import { expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJobFiles } from "#/runtime/job-files.ts";
import { knownLoras } from "#/runtime/known-loras.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { goldenPath, tinyCheckpoint } from "../../support/golden.ts";

const base = await tinyCheckpoint();

/** A way to read that tells what it read. */
function counted(most?: number) {
  const read: string[] = [];
  const known = knownLoras((path, checkpoint) => {
    read.push(path);
    return readLora(path, checkpoint, 0);
  }, most);
  return { known, read };
}

function copies(...names: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "known-loras-"));
  return names.map((name) => {
    copyFileSync(goldenPath("tiny-lora-sgm.safetensors"), join(folder, name));
    return join(folder, name);
  });
}

test("a LoRA is matched with a checkpoint once, whatever its strength and however many jobs there are", () => {
  const { known, read } = counted();
  const [path = ""] = copies("adapter_model.safetensors");
  for (const weight of [0.5, 1, 1]) {
    const { loras } = readJobFiles({ base, loras: [{ path, weight }] }, [], { loras: known });
    expect(loras.map(({ strength }) => strength)).toEqual([weight]);
    expect(loras[0]?.lora.unet.size).toBeGreaterThan(0);
  }
  expect(read).toEqual([path]);
});

test("it is matched again when its file changes, when a configuration comes beside it, and with another checkpoint", () => {
  const { known, read } = counted();
  const [path = ""] = copies("adapter_model.safetensors");
  const checkpoint = sdxlCheckpoint(openWeights(base));
  known(path, checkpoint);
  utimesSync(path, 1000, 1000);
  const again = known(path, checkpoint);
  expect(read.length).toBe(2);
  expect(known(path, checkpoint)).toBe(again);
  writeFileSync(join(path, "..", "adapter_config.json"), "{}");
  known(path, checkpoint);
  known(path, checkpoint);
  expect(read.length).toBe(3);
  known(path, { ...checkpoint, stamp: "another" });
  expect(read.length).toBe(4);
});

test("as many are kept as there is room for: the one asked for least lately goes", () => {
  const { known, read } = counted(2);
  const paths = copies("one.safetensors", "two.safetensors", "three.safetensors");
  const checkpoint = sdxlCheckpoint(openWeights(base));
  for (const at of [0, 1, 0, 2, 0, 1]) known(paths[at] ?? "", checkpoint);
  expect(read.map((path) => paths.indexOf(path))).toEqual([0, 1, 2, 1]);
});
