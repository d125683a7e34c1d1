import { expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, truncateSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJobFiles } from "#/runtime/job-files.ts";
import { knownCheckpoints, readCheckpoint } from "#/runtime/known-checkpoints.ts";
import { tinyCheckpoint } from "../../support/golden.ts";

const original = await tinyCheckpoint();

/** A way to read that tells what it read. */
function counted(most?: number) {
  const read: string[] = [];
  const known = knownCheckpoints((path) => {
    read.push(path);
    return readCheckpoint(path);
  }, most);
  return { known, read };
}

function copies(...names: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "known-checkpoints-"));
  return names.map((name) => {
    copyFileSync(original, join(folder, name));
    return join(folder, name);
  });
}

test("a header is read once for all jobs, and each is told what its own files say of it", () => {
  const { known, read } = counted();
  const [base = ""] = copies("base.safetensors");
  const job = (prediction?: "v" | "eps") =>
    readJobFiles(
      { base, loras: [], ...(prediction === undefined ? {} : { sampledAs: { prediction } }) },
      [],
      { checkpoint: known },
    ).checkpoint;
  expect([job().prediction, job("v").prediction, job().prediction]).toEqual(["eps", "v", "eps"]);
  expect(job().unet).toBe(job().unet);
  expect(read).toEqual([base]);
});

test("it is read again when its file changes, and refused anew", () => {
  const { known, read } = counted();
  const [base = ""] = copies("base.safetensors");
  known(base);
  utimesSync(base, 1000, 1000);
  expect(known(base)).toBe(known(base));
  expect(read.length).toBe(2);
  truncateSync(base, 100);
  expect(() => known(base)).toThrow();
  expect(() => known(base)).toThrow();
  expect(read.length).toBe(4);
});

test("as many are kept as there is room for: the one asked for least lately goes", () => {
  const { known, read } = counted(2);
  const paths = copies("one.safetensors", "two.safetensors", "three.safetensors");
  for (const at of [0, 1, 0, 2, 0, 1]) known(paths[at] ?? "");
  expect(read.map((path) => paths.indexOf(path))).toEqual([0, 1, 2, 1]);
});
