import { closeSync, existsSync, openSync, readdirSync, readSync, realpathSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { containerBytes, containerOf, isWeightFile } from "#/weights/container.ts";

/** What may hold weights by its name. What does not say safetensors must begin like a weight file. */
const extensions = /\.(pth|pt|ckpt|bin|safetensors)$/i;

/**
 * Names of the models below a folder, relative to it: sub-folders' files first, each folder's in order of their letters.
 * Left out is what cannot be a model: empty files, what macOS keeps beside files (`._name`), and what is no weight
 * file by its first bytes though its name leaves that open.
 */
export const modelNames = (folder: string): readonly string[] => walk(folder, "", []);

/** @param above real paths of the folders that were come through, which a link must not lead back into */
function walk(folder: string, prefix: string, above: readonly string[]): string[] {
  if (!existsSync(folder)) return [];
  const real = realpathSync(folder);
  if (above.includes(real)) return [];
  const names = readable(folder)
    .filter((name) => !name.startsWith("._"))
    .sort((a, b) => compare(a.toLowerCase(), b.toLowerCase()));
  const seen = names.map((name) => ({ name, stat: look(join(folder, name)) }));
  const below = seen
    .filter(({ stat }) => stat?.isDirectory() === true)
    .flatMap(({ name }) => walk(join(folder, name), `${prefix}${name}/`, [...above, real]));
  const files = seen.filter(
    ({ name, stat }) =>
      extensions.test(name) &&
      stat?.isFile() === true &&
      stat.size > 0 &&
      (extname(name).toLowerCase() === ".safetensors" || holdsWeights(join(folder, name))),
  );
  return [...below, ...files.map(({ name }) => prefix + name)];
}

/** A folder that may not be looked into has nothing to offer. */
function readable(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A link to nowhere is neither a file nor a folder, nor is one that leads in circles. */
function look(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether a file begins like a weight file. */
const holdsWeights = (path: string): boolean => isWeightFile(firstBytes(path) ?? new Uint8Array());

/**
 * Why a file is not among the names of its folder.
 *
 * @returns a clause that begins with "it"; undefined where nothing speaks against it but its name
 */
export function whyNotOffered(path: string): string | undefined {
  const start = firstBytes(path);
  if (start === undefined) return "it may not be opened";
  if (start.length === 0) return "it is empty";
  const container = containerOf(start);
  return container.kind === "foreign" ? container.what : undefined;
}

function firstBytes(path: string): Uint8Array | undefined {
  try {
    const file = openSync(path, "r");
    try {
      const start = new Uint8Array(containerBytes);
      return start.subarray(0, readSync(file, start, 0, containerBytes, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
