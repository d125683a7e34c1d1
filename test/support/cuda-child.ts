/**
 * Runs `fooocusd cuda add` with wheels that were made up: the command itself knows those of the real set alone.
 *
 * Usage: `bun cuda-child.ts <folder> <set, as JSON> <index, or ""> [paths...]`; the exit code is the command's.
 */
import { addCuda } from "#/cli/cuda/add.ts";
import { AppError } from "#/lib/errors.ts";

const [folder = "", set = "{}", index = "", ...paths] = process.argv.slice(2);
try {
  const to = { folder, isOwn: true, set: JSON.parse(set) };
  process.exit(await addCuda(to, { paths, fetch: index !== "", index }));
} catch (thrown) {
  if (!(thrown instanceof AppError)) throw thrown;
  process.stderr.write(`${thrown.message}\n`);
  process.exit(1);
}
