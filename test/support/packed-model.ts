import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goldenPath } from "./golden.ts";

/**
 * Path of a file of `test/golden/models`, unpacked under its own name.
 *
 * @param name without `.zst` behind
 */
export function packedModel(name: string): string {
  const packed = readFileSync(goldenPath(`models/${name}.zst`));
  const folder = join(tmpdir(), "fooocusd-golden", Bun.hash(packed).toString(16));
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const half = `${path}.${process.pid}`;
  writeFileSync(half, Bun.zstdDecompressSync(packed));
  renameSync(half, path);
  return path;
}
