/**
 * What each family of LoRAs costs at SDXL's full size, rank 32 on all matrices of the UNet: seconds to open it the first time, when
 * its factors are written to the cache, and again; its own memory; and processor seconds of a run on the smallest latent, which
 * is what the weights take. `bun scripts/bench/full-size/families.ts FOLDER`, which needs 15 GB of disk there.
 */
import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { familyNames, writeCheckpoint, writeFamily } from "./checkpoint.ts";

const [folder = "."] = process.argv.slice(2);
const here = join(import.meta.dir, "../../..");
const checkpoint = join(resolve(folder), "synthetic-sdxl-base.safetensors");
if (!existsSync(checkpoint)) writeCheckpoint(checkpoint);

async function open(paths: readonly string[]): Promise<Record<string, number>> {
  const program = [process.execPath, join(here, "scripts/bench/full-size/opening.ts"), checkpoint, ...paths];
  const child = Bun.spawn(program, { cwd: here, stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${program.join(" ")} failed`);
  return JSON.parse(text);
}

const say = (row: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(row)}\n`);
};

say({ family: "none", ...(await open([])) });
for (const family of familyNames) {
  const path = join(resolve(folder), `synthetic-${family}.safetensors`);
  writeFamily(path, family, 32);
  rmSync(join(resolve(folder), "derived"), { recursive: true, force: true });
  const first = await open([path]);
  say({ family, firstWall: first["wall"], ...(await open([path])) });
  rmSync(path);
}
