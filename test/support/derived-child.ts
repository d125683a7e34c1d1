/**
 * A server's use of the cache of derived files, in a process of its own: asks for derived files of the sources in turn,
 * and checks every value. `stop-half` writes half of one, says so, and waits to be killed.
 *
 *     bun derived-child.ts <turns | stop-half> <folder> <budget> <source>...
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { silentLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import type { Derived } from "#/weights/derived/derived-kind.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { derivedOf } from "./derived-of.ts";

const [what = "", folder = "", budget = "0", ...sources] = process.argv.slice(2);
const files = new DerivedFiles({ folder, budget: Number(budget) }, silentLog);

/** Writes the first half and never comes back. */
function halfOf<T>(derived: Derived<T>): Derived<T> {
  const write = async (path: string): Promise<void> => {
    writeFileSync(path, "half");
    appendFileSync(path, " of a file");
    process.stdout.write("half\n");
    await new Promise(() => setInterval(() => undefined, 1000));
  };
  return { ...derived, write };
}

if (what === "stop-half") await files.of(halfOf(derivedOf(sources[0] ?? "")), () => false);

for (let turn = 0; turn < Number(what); turn += 1) {
  const source = sources[(turn + process.pid) % sources.length] ?? "";
  const expected = readWeight(readSafetensors(source).tensors.get("a")!);
  const ref = await files.of(derivedOf(source), () => false);
  // As the runtime: the file is opened after its header was read, and may be gone by then.
  const values = await files
    .of(derivedOf(source), () => false)
    .then(() => {
      try {
        return readWeight(ref);
      } catch {
        return undefined;
      }
    });
  if (values !== undefined && !values.every((value, i) => value === expected[i]))
    throw new Error("wrong values");
}
process.stdout.write("done\n");
