/**
 * Runs `fooocusd cuda add` with wheels that were made up: the command itself knows those of the real set alone.
 *
 * Usage: `bun cuda-child.ts <folder> <set, as JSON> <index, or ""> [paths...]`; the exit code is the command's. With the variable
 * `INTERRUPTED` it is interrupted as soon as it has begun.
 */
import { addCuda } from "#/cli/cuda/add.ts";
import { AppError } from "#/lib/errors.ts";

const [folder = "", set = "{}", index = "", ...paths] = process.argv.slice(2);
try {
  const to = { folder, isOwn: true, set: JSON.parse(set) };
  const adding = addCuda(to, { paths, fetch: index !== "", index });
  // Before anything is unpacked, however quick the machine is.
  if (process.env["INTERRUPTED"] !== undefined) process.emit("SIGINT", "SIGINT");
  process.exit(await adding);
} catch (thrown) {
  if (!(thrown instanceof AppError)) throw thrown;
  process.stderr.write(`${thrown.message}\n`);
  process.exit(1);
}
