/**
 * Works near the kernel's real limit of memory mappings, in a process of its own: takes all but `room` of them, opens networks one
 * after the other through a residency, and tells of each how many of its weights were mapped, or the error.
 *
 * `mappings-child.ts FOLDER ROOM WEIGHTS VALUES COUNT blind|told`: networks of so many weights with so many values
 * each; a blind residency does not know of the limit.
 */
import { dlopen } from "bun:ffi";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Graph } from "#/graph/graph.ts";
import { operators } from "#/graph/operators.ts";
import { add } from "#/graph/ops/arithmetic.ts";
import { toWireError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import { mappingCount, mappingLimit } from "#/runtime/mappings.ts";
import { Residency } from "#/runtime/residency.ts";

const [folder = ".", ...numbers] = process.argv.slice(2);
const [room = 0, weights = 0, values = 0, count = 0] = numbers.map(Number);
const limit = mappingLimit() ?? 0;
const options = { device: "cpu", weights: "in-place", threads: 1 } as const;
const file = join(folder, "weights");
const bytes = 4 * values;
writeFileSync(file, new Uint8Array(weights * bytes));

function draw(): Graph {
  const g = new Graph({ operators: operators.cpu });
  let x = g.input("x", "float32", [1, values]);
  for (let i = 0; i < weights; i += 1) {
    const ref = {
      path: file,
      key: `w${i}`,
      dtype: "F32",
      shape: [1, values],
      offset: i * bytes,
      length: bytes,
    } as const;
    x = add(x, g.weight(ref));
  }
  g.output("y", x);
  return g;
}

const mapped = (): number => readFileSync("/proc/self/maps", "latin1").split(file).length - 1;

// The first session of a process pays for the runtime itself.
const warm = new Residency(options, { bytes: 2 ** 40 }, silentLog);
await warm.session({ key: "warm", name: "warm", files: [], draw });
const opened = mapped();
await warm.close();

// Neighbours with other rights are never one mapping.
const libc = dlopen("libc.so.6", {
  mmap: { args: ["u64", "u64", "i32", "i32", "i32", "i64"], returns: "u64" },
});
const [readable, writable, privateAnonymous] = [1, 3, 0x22];
for (let n = mappingCount(); n < limit - room; n += 1)
  libc.symbols.mmap(0n, 4096n, n % 2 === 0 ? readable : writable, privateAnonymous, -1, 0n);

const told = process.argv.at(-1) === "told" ? limit : undefined;
const residency = new Residency(options, { bytes: 2 ** 40, mappings: told }, silentLog);
const rows: unknown[] = [];
for (let i = 0; i < count; i += 1) {
  try {
    await residency.run(
      { key: `${i}`, name: `${i}`, files: [], draw },
      { x: { dims: [1, values], data: new Float32Array(values) } },
    );
    rows.push({ mapped: mapped(), resident: residency.resident.length });
  } catch (thrown) {
    rows.push(toWireError(thrown));
  }
}
await residency.close();
process.stdout.write(JSON.stringify({ opened, rows, left: mapped(), limit }));
