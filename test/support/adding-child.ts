/**
 * Adds a wheel to a folder, says so when the first bytes are written, and then waits to be killed.
 *
 * Usage: `bun adding-child.ts <folder> <wheel> <set, as JSON>`.
 */
import { addWheel, openForAdding } from "#/native/cuda/add-wheels.ts";

const [folder = "", wheel = "", set = "{}"] = process.argv.slice(2);
const to = { folder, isOwn: true, set: JSON.parse(set) };
openForAdding(to);
await addWheel(wheel, to, {
  told: () => {
    process.stdout.write("begun\n");
    Bun.sleepSync(60_000);
  },
});
