import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { unzipSync } from "fflate";

/** A shared library to carry, read when its turn comes. */
export type Library = Readonly<{ name: string; read: () => Uint8Array }>;

const isLibrary = (name: string): boolean => /^lib[^/]*\.so(\.\d+)*$/.test(name);
const ofProvider = /^libonnxruntime_providers_(shared|cuda)\.so$/;

/**
 * The shared libraries of a folder, as `fooocusd cuda add` fills one, or of a wheel; headers, static libraries and programs are left.
 *
 * @throws Error where there are none
 */
export function librariesOf(path: string): readonly Library[] {
  const found = statSync(path).isDirectory() ? inFolder(path) : inWheel(path);
  if (found.length === 0) throw new Error(`there is no shared library in ${path}`);
  return found;
}

const inFolder = (folder: string): readonly Library[] =>
  readdirSync(folder)
    .filter(isLibrary)
    .map((name) => ({ name, read: () => readFileSync(realpathSync(join(folder, name))) }));

function inWheel(path: string): readonly Library[] {
  const names: string[] = [];
  unzipSync(readFileSync(path), {
    filter: ({ name }) => {
      if (isLibrary(basename(name)) && /(^|\/)(lib|capi)\/[^/]+$/.test(name)) names.push(name);
      return false;
    },
  });
  return names.map((name) => ({
    name: basename(name),
    read: () => {
      const bytes = unzipSync(readFileSync(path), { filter: (entry) => entry.name === name })[name];
      if (bytes === undefined) throw new Error(`${path} no longer has ${name}`);
      return bytes;
    },
  }));
}

/** Without those that a Python with torch on the other side has: what stays is ONNX Runtime's own. */
export const withoutTorchs = (libraries: readonly Library[]): readonly Library[] =>
  libraries.filter(({ name }) => ofProvider.test(name));
