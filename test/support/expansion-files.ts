import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goldenPath } from "./golden.ts";

/**
 * Path of the tiny GPT-2 (`scripts/golden/expansion.py`), a torch file unpacked once into the system's temporary folder, its
 * texts beside it.
 */
export async function expansionModel(): Promise<string> {
  const packed = await Bun.file(goldenPath("expansion/pytorch_model.bin.zst")).bytes();
  const folder = join(tmpdir(), "fooocusd-golden", `expansion-${Bun.hash(packed).toString(16)}`);
  const target = join(folder, "pytorch_model.bin");
  if (existsSync(target)) return target;
  mkdirSync(folder, { recursive: true });
  for (const name of ["merges.txt", "positive.txt"])
    copyFileSync(goldenPath(`expansion/${name}`), join(folder, name));
  const half = `${target}.${process.pid}`;
  writeFileSync(half, Bun.zstdDecompressSync(packed));
  renameSync(half, target);
  return target;
}
