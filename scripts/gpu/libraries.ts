import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/** Folders of NVIDIA's libraries that a Python has, mostly because torch needs them. */
export function pythonLibraries(python: string): readonly string[] {
  const program = [
    "import site, sys, sysconfig, os",
    "roots = {sysconfig.get_paths()['purelib'], sysconfig.get_paths()['platlib'], *site.getsitepackages()}",
    "print('\\n'.join(sorted(os.path.join(r, 'nvidia') for r in roots if os.path.isdir(os.path.join(r, 'nvidia')))))",
  ].join("\n");
  if (Bun.which(python) === null) return [];
  const asked = Bun.spawnSync([python, "-c", program]);
  if (!asked.success) return [];
  const roots = asked.stdout.toString().split("\n").filter(Boolean);
  return roots.flatMap((root) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name === "lib")
      .map((entry) => join(entry.parentPath, entry.name)),
  );
}

const isLibrary = (name: string): boolean => /^lib.*\.so(\.\d+)*$/.test(name);

/** What one folder of libraries was put together from: how many of each source. */
export type Assembled = Readonly<{ folder: string; from: Readonly<Record<string, number>> }>;

/**
 * Links all shared libraries of some folders into one, those of the first folders first; names that are there already stay. So what
 * was carried goes before what the machine has, and what the machine has need not be carried.
 */
export function assembled(into: string, folders: readonly string[]): Assembled {
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  const from: Record<string, number> = {};
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder).filter(isLibrary)) {
      const place = join(into, name);
      if (existsSync(place)) continue;
      symlinkSync(realpathSync(join(folder, name)), place);
      from[folder] = (from[folder] ?? 0) + 1;
    }
  }
  return { folder: into, from };
}

/** Names and megabytes of the libraries in a folder, links followed. */
export const listed = (folder: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter(isLibrary)
      .toSorted()
      .map((name) => [name, Math.round(statSync(join(folder, name)).size / 1e6)]),
  );
