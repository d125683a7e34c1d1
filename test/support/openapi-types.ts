import { expect } from "bun:test";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";
import { serveBench } from "./served-bench.ts";

const root = join(import.meta.dir, "../..");

/** Writes what openapi-typescript makes of a server's description into a folder, as `schema.ts`. */
export async function putSchema(folder: string): Promise<void> {
  await using bench = await serveBench();
  const generator = join(root, "scripts/clients/typescript-types.ts");
  const types = await runProgram([process.execPath, generator, `${bench.url}/openapi.json`], root);
  expect([types.err, types.code]).toEqual(["", 0]);
  await Bun.write(join(folder, "schema.ts"), types.out);
}
