import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * How far the answers of CUDA's graphs are off from PyTorch's where each operator does what its documentation says: all golden tests of networks with
 * CUDA's table, on the CPU, in float32 and float16. Prints a row for each answer. Minutes. Told keys of texts (told-texts) are not among them:
 * that table has none.
 *
 *   npm run bun -- scripts/check/cuda-graphs.ts [TEST ...]
 */
const all = [
  ...["networks", "text-networks", "control", "image-attention", "image-prompts", "inpaint", "sd1"],
  ...["vae-strips", "safety", "segment", "faces", "detect", "captions", "upscalers", "previews", "lora-runs"],
] as const;

type Row = Readonly<{ key: string; off: number | null; bound: number }>;

async function offs(test: string, compute: "float32" | "float16"): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "cuda-graphs-"));
  const record = join(folder, "record.jsonl");
  const variables = {
    GOLDEN_DEVICE: "cuda",
    GOLDEN_DEFINED: "1",
    GOLDEN_COMPUTE: compute,
    GOLDEN_RECORD: record,
  };
  const child = Bun.spawn([process.execPath, "test", `./test/golden/${test}.test.ts`, "--timeout=600000"], {
    env: { ...process.env, ...variables },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [words] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  const failed = [...words.matchAll(/^\(fail\) (.*?) \[/gm)].map(([, name]) => name);
  for (const name of failed) console.log(`| ${test} | ${compute} | ${name} | did not run to its end | |`);
  try {
    const lines = readFileSync(record, "utf8").split("\n").filter(Boolean);
    return lines.map((line): Row => JSON.parse(line));
  } catch {
    return [];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const named = process.argv.slice(2);
console.log("| test | type | answer | largest difference, of the largest value | the CPU's bound |");
console.log("| --- | --- | --- | --- | --- |");
for (const test of named.length > 0 ? named : all)
  for (const compute of ["float32", "float16"] as const) {
    const worst = new Map<string, Row>();
    for (const row of await offs(test, compute)) {
      const before = worst.get(row.key);
      if (before === undefined || (row.off ?? Infinity) > (before.off ?? Infinity)) worst.set(row.key, row);
    }
    for (const { key, off, bound } of worst.values())
      console.log(`| ${test} | ${compute} | ${key} | ${off?.toExponential(1) ?? "no numbers"} | ${bound} |`);
  }
