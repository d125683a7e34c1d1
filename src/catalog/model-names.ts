import { closeSync, type Dirent, openSync, readdirSync, readSync, realpathSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { containerBytes, containerOf, isWeightFile } from "#/weights/container.ts";

/** What may hold weights by its name. What does not say safetensors must begin like a weight file. */
const extensions = /\.(pth|pt|ckpt|bin|safetensors)$/i;

/** What an entry of a folder is for us. */
type Kind = "folder" | "model" | "neither";

/** A folder's entries in order of their letters. `kind` is missing where it may change without the folder: it is looked at then. */
export type Listing = Readonly<{
  /** The folder's real path. */
  real: string;
  entries: readonly Readonly<{ name: string; kind: Kind | undefined }>[];
}>;

/** How a folder is listed; nothing where there is none. */
export type ListFolder = (folder: string) => Listing | undefined;

/**
 * Names of the models below a folder, relative to it: sub-folders' files first, each folder's in order of their letters.
 * Left out is what cannot be a model: empty files, what macOS keeps beside files (`._name`), and what is no weight
 * file by its first bytes though its name leaves that open.
 */
export const modelNames = (folder: string, list: ListFolder = listFolder): readonly string[] =>
  walk(folder, "", { list, above: [] });

/** `above` are the real paths of the folders that were come through, which a link must not lead back into. */
type Walk = Readonly<{ list: ListFolder; above: readonly string[] }>;

function walk(folder: string, prefix: string, { list, above }: Walk): string[] {
  const listing = list(folder);
  if (listing === undefined || above.includes(listing.real)) return [];
  const seen = listing.entries.map(({ name, kind = kindOf(folder, name) }) => ({ name, kind }));
  const below = seen
    .filter(({ kind }) => kind === "folder")
    .flatMap(({ name }) =>
      walk(join(folder, name), `${prefix}${name}/`, { list, above: [...above, listing.real] }),
    );
  return [...below, ...seen.filter(({ kind }) => kind === "model").map(({ name }) => prefix + name)];
}

/** Looks at a folder and all that is in it. */
export function listFolder(folder: string): Listing | undefined {
  const real = realPathOf(folder);
  if (real === undefined) return undefined;
  const entries = readable(folder)
    .filter(({ name }) => !name.startsWith("._"))
    .sort((a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()))
    .map((entry) => ({ name: entry.name, kind: lastingKind(folder, entry) }));
  return { real, entries };
}

function realPathOf(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}

/** A link leads elsewhere, and a file that is no model yet may be on its way to become one. */
function lastingKind(folder: string, entry: Dirent): Kind | undefined {
  if (entry.isDirectory()) return "folder";
  if (!entry.isFile()) return undefined;
  const kind = kindOf(folder, entry.name);
  return kind === "model" || !extensions.test(entry.name) ? kind : undefined;
}

function kindOf(folder: string, name: string): Kind {
  const path = join(folder, name);
  const stat = look(path);
  if (stat?.isDirectory() === true) return "folder";
  const isModel =
    extensions.test(name) &&
    stat?.isFile() === true &&
    stat.size > 0 &&
    (extname(name).toLowerCase() === ".safetensors" || holdsWeights(path));
  return isModel ? "model" : "neither";
}

/** A folder that may not be looked into has nothing to offer. */
function readable(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/**
 * What lies at a path; nothing where it may not be reached (a folder above it is closed to us), or a link leads nowhere or in circles,
 * or its disk does not answer.
 */
export function look(path: string) {
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
